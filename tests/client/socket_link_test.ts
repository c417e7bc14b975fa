import assert from "node:assert/strict";
import { Dialer } from "../../client/handshake.ts";
import type { LinkEvents, LinkRequest } from "../../client/link.ts";
import { SocketLink } from "../../client/socket_link.ts";
import {
  ConnectError,
  ConnectionClosedError,
  FeatureError,
  LoginError,
} from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import {
  errorFrame,
  fakeServer,
  successFrame,
} from "../support/fake_server.ts";
import { FakeSocket, fakeTarget } from "../support/fake_socket.ts";
import { endOfTick, pause } from "../support/timing.ts";

/** Starts to open a link over a fake socket, and records its events. */
async function startLink(signal?: AbortSignal) {
  const server = fakeServer(() => {});
  const { target, sockets } = fakeTarget(server.url);
  const events: unknown[][] = [];
  const recorder: LinkEvents = {
    onOpen: (opened) => events.push(["open", opened === link]),
    onClosed: (_link, { code, reason }) =>
      events.push(["closed", code, reason]),
    onMessage: ({ message }) => events.push(["message", message]),
    onInvalid: () => events.push(["invalid"]),
    onRoom: ({ kind }) => events.push([kind]),
  };
  const link = new SocketLink(new Dialer(target), recorder);
  const opening = link.open("test", signal);
  opening.catch(() => {});
  while (sockets[0]?.sent[0] === undefined) await pause(1);
  return { server, link, opening, events, socket: sockets[0] };
}

/** Opens a link that supports some extensions. */
async function openLink(features: readonly string[] = []) {
  const { opening, ...parts } = await startLink();
  parts.socket.receive(successFrame(0, null, { features }));
  await opening;
  return parts;
}

function requestOf(more: Partial<LinkRequest> = {}): LinkRequest {
  return {
    name: "add",
    describe: (name) => `operation "${name}"`,
    encode: (id) => `{"id":${id}}`,
    ...more,
  };
}

const MESSAGE = { message: "hi", data: {}, id: 1, replying: null };

Deno.test("logs in, and reports that it is open before the next frame", async () => {
  const { server, opening, events, socket } = await startLink();
  await using _server = server;
  assert.deepEqual(socket.sent, ['{"id":0,"token":"test"}']);
  socket.receive(successFrame(0, null, { features: [] }));
  socket.receive(successFrame(null, "s_newmsg", MESSAGE));
  assert.deepEqual(events, [["open", true], ["message", "hi"]]);
  await opening;
});

Deno.test("rejects a refused login and closes the socket", async () => {
  const { server, opening, events, socket } = await startLink();
  await using _server = server;
  socket.receive(errorFrame(0, 3));
  assert(await rejection(opening) instanceof LoginError);
  assert.deepEqual(socket.closed, [[]]);
  assert.deepEqual(events, [["closed", 1006, ""]]);
});

Deno.test("rejects if the connection ends before the login is answered", async () => {
  const { server, opening, socket } = await startLink();
  await using _server = server;
  socket.end(4000, "no");
  assert(await rejection(opening) instanceof ConnectError);
});

Deno.test("rejects with the reason of its signal during the login", async () => {
  const controller = new AbortController();
  const { server, opening, socket } = await startLink(controller.signal);
  await using _server = server;
  const reason = new Error("cancelled");
  controller.abort(reason);
  assert.equal(await rejection(opening), reason);
  assert.equal(socket.closed.length, 1);
});

for (const how of ["terminates", "closes"] as const) {
  Deno.test(`${how} a WebSocket that does not answer the login${how === "closes" ? " and cannot be terminated" : ""}`, async () => {
    const controller = new AbortController();
    const { server, opening, socket } = await startLink(controller.signal);
    await using _server = server;
    let terminated = 0;
    Object.assign(socket, {
      terminate: () => {
        terminated++;
        if (how === "closes") throw new Error("not supported");
      },
    });
    controller.abort();
    await rejection(opening);
    assert.deepEqual(
      [terminated, socket.closed.length],
      how === "closes" ? [1, 1] : [1, 0],
    );
  });
}

Deno.test("resolves a request with its answer", async () => {
  const { server, link, socket } = await openLink();
  await using _server = server;
  const answer = link.request(requestOf());
  assert.equal(socket.sent.at(-1), '{"id":1}');
  socket.receive(successFrame(1, null, { result: 5 }));
  assert.deepEqual(await answer, { result: 5 });
});

Deno.test("sends the requests of one tick in one frame if the server supports it", async () => {
  const { server, link, socket } = await openLink(["batch"]);
  await using _server = server;
  const answers = [link.request(requestOf()), link.request(requestOf())];
  await endOfTick();
  assert.equal(socket.sent.at(-1), '[{"id":1},{"id":2}]');
  const frames = [1, 2].map((id) => successFrame(id, null, { result: id }));
  socket.receive(`[${frames}]`);
  assert.deepEqual(await Promise.all(answers), [{ result: 1 }, { result: 2 }]);
});

Deno.test("sends frames about a request until it has ended", async () => {
  const { server, link, socket } = await openLink();
  await using _server = server;
  let send = (_encode: (id: number) => string): void => {};
  const events = { onSent: (given: typeof send) => send = given };
  const answer = link.request(requestOf({ events }));
  send((id) => `{"about":${id}}`);
  assert.equal(socket.sent.at(-1), '{"about":1}');
  socket.receive(successFrame(1, null, {}));
  await answer;
  send(() => assert.fail("it is encoded"));
});

Deno.test("rejects a request that needs an extension that the server lacks", async () => {
  const { server, link, socket } = await openLink(["batch"]);
  await using _server = server;
  const error = await rejection(link.request(requestOf({ needs: "stream" })));
  assert(error instanceof FeatureError);
  assert.equal(socket.sent.length, 1);
});

Deno.test("rejects all requests when the socket ends, and later requests", async () => {
  const { server, link, events, socket } = await openLink();
  await using _server = server;
  const early = rejection(link.request(requestOf()));
  socket.end(0);
  socket.end(1001, "again");
  for (
    const error of [await early, await rejection(link.request(requestOf()))]
  ) {
    assert(error instanceof ConnectionClosedError);
    assert.match(error.message, /^Cannot finish operation "add": /);
  }
  assert.deepEqual(await link.closed, { code: 1006, reason: "" });
  assert.deepEqual(events.slice(1), [["closed", 1006, ""]]);
});

Deno.test("ends if the socket cannot send", async () => {
  const { server, link, socket } = await openLink(["batch"]);
  await using _server = server;
  socket.sendError = new Error("the socket is broken");
  const error = await rejection(link.request(requestOf()));
  assert(error instanceof ConnectionClosedError);
  assert.equal((await link.closed).code, 1006);
  assert.deepEqual(socket.closed, [[]]);
});

Deno.test("ignores frames after close()", async () => {
  const { server, link, events, socket } = await openLink();
  await using _server = server;
  const closing = link.close();
  assert.equal(socket.sent.at(-1), '{"id":null,"end":true}');
  socket.receive(successFrame(null, "s_newmsg", MESSAGE));
  socket.receive("no frame");
  socket.end(1000, "goodbye");
  await closing;
  assert.deepEqual(events.slice(1), [["closed", 1000, "closed by the client"]]);
  assert.deepEqual(await link.closed, { code: 1000, reason: "goodbye" });
});

Deno.test("closes the socket if the server does not answer the goodbye within a second", async () => {
  const { server, link, socket } = await openLink();
  await using _server = server;
  await link.close();
  assert.deepEqual(socket.closed, [[1000]]);
  assert.equal((await link.closed).code, 1000);
});

Deno.test("ends if the socket has closed before the link listens to it", async () => {
  await using server = fakeServer(() => {});
  const { target } = fakeTarget(server.url);
  class ClosedSocket extends FakeSocket {
    override readyState = 3;
    constructor() {
      super();
      queueMicrotask(() => this.dispatch("open"));
    }
  }
  const never = () => assert.fail("an event was reported");
  const dialer = new Dialer({ ...target, WebSocket: ClosedSocket });
  const link = new SocketLink(dialer, {
    onOpen: never,
    onClosed: () => {},
    onMessage: never,
    onInvalid: never,
    onRoom: never,
  });
  assert(await rejection(link.open("test")) instanceof ConnectError);
  assert.equal((await link.closed).code, 1006);
});
