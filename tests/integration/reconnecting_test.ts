/** When a client reconnects, and when it stops. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import {
  ConnectError,
  ConnectionClosedError,
  LoginError,
  TimeoutError,
} from "../../common/errors.ts";
import { retryReason } from "../../protocol/close.ts";
import { FEATURES } from "../../protocol/features.ts";
import { VERSION } from "../../version.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { rejection } from "../support/errors.ts";
import {
  ackResponse,
  broadcastFrame,
  errorFrame,
  successFrame,
} from "../support/fake_server.ts";
import { createFast } from "../support/late_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import {
  answerAll,
  answerLoginOnly,
  closeOnRequest,
  type ConnectionScript,
  connectReconnecting,
  FAST_RECONNECT,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

for (const code of [1001, 1003, 1008, 1009, 1011, 1012, 1013]) {
  Deno.test(`the client reconnects after close code ${code}`, async () => {
    await using server = scriptedServer([answerLoginOnly, answerAll]);
    await using connection = await connectReconnecting(server);
    const states = new StateRecorder(connection);
    server.sockets[0]!.close(code, "why");
    const { close } = await states.next("waiting");
    assert.deepEqual(close, { code, reason: "why" });
    await states.next("open");
    assert.equal(await connection.operation("again"), "again");
    assert.deepEqual(states.seen, ["waiting", "connecting", "open"]);
    assert.equal(connection.state, "open");
  });
}

Deno.test("the client reconnects to a restarted server", async () => {
  const port = freePort();
  const first = serveQuietly({ port });
  await using connection = await connectReconnecting(first);
  const states = new StateRecorder(connection);
  const received = Promise.withResolvers<void>();
  connection.receive("news", () => received.resolve());
  await first.close();
  const { delay, close } = await states.next("waiting");
  assert.deepEqual(close, { code: 1012, reason: retryReason(delay) });
  await using second = serveQuietly({ port });
  await states.next("open");
  await second.broadcast("news");
  await received.promise;
  assert.equal(second.clients.size, 1);
});

Deno.test("the client reconnects after a connection ends without a Close frame", async () => {
  await using server = serveQuietly();
  server.operation("again", () => "again");
  await using proxy = new TcpProxy(server);
  const options = { url: proxy.url, reconnect: FAST_RECONNECT };
  await using connection = await connect("test", options);
  const states = new StateRecorder(connection);
  proxy.cut();
  const { close } = await states.next("waiting");
  assert.equal(close.code, 1006);
  await states.next("open");
  assert.equal(await connection.operation("again"), "again");
});

Deno.test("a reconnect attempt ends after the timeout and is repeated", async () => {
  await using server = serveQuietly();
  await using proxy = new TcpProxy(server);
  await using connection = createFast(proxy, { timeout: 1_000 });
  await connection.opened;
  const states = new StateRecorder(connection);
  proxy.isStalled = true;
  proxy.cut();
  await states.next("connecting");
  const { close } = await states.next("waiting");
  assert.equal(close.code, 1006);
  assert(close.error instanceof TimeoutError);
  proxy.isStalled = false;
  await states.next("open");
});

Deno.test("the client reconnects each time the connection is lost", async () => {
  await using server = scriptedServer([closeOnRequest(1001)]);
  await using connection = await connectReconnecting(server);
  const states = new StateRecorder(connection);
  for (let n = 1; n <= 5; n++) {
    await rejection(connection.operation("leave"));
    await states.next("open");
  }
  assert.equal(server.sockets.length, 6);
});

Deno.test("the client logs in with its token and features at each reconnect", async () => {
  await using server = scriptedServer([closeOnRequest(1001), answerAll]);
  await using connection = await connectReconnecting(server);
  const states = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  await states.next("open");
  const login = { id: 0, token: "test", version: VERSION, features: FEATURES };
  assert.deepEqual(server.frames.map(([first]) => first), [login, login]);
});

Deno.test("a connection without `reconnect` goes from open to closed", async () => {
  for (const reconnect of [undefined, false]) {
    await using server = scriptedServer([closeOnRequest(1001)]);
    const { url } = server;
    const connection = await connect("test", { url, reconnect });
    const states = new StateRecorder(connection);
    assert.equal(connection.state, "open");
    await rejection(connection.operation("leave"));
    assert.equal(connection.state, "closed");
    const info = await connection.closed;
    assert.deepEqual(info, { code: 1001, reason: "" });
    assert.deepEqual(states.seen, ["closed"]);
  }
});

Deno.test("the state is closed as soon as close() is called", async () => {
  for (const reconnect of [false, FAST_RECONNECT]) {
    await using server = serveQuietly();
    const connection = await connectTo(server, { reconnect });
    const states = new StateRecorder(connection);
    const closing = connection.close();
    assert.equal(connection.state, "closed");
    const error = await rejection(connection.operation("late"));
    assert(error instanceof ConnectionClosedError);
    assert.equal(error.code, 1000);
    await Promise.all([closing, connection.close()]);
    assert.deepEqual(states.seen, ["closed"]);
    assert.deepEqual(await connection.closed, {
      code: 1000,
      reason: "goodbye",
    });
  }
});

Deno.test("the server sets the delay of the first attempt", async () => {
  const scripts = [
    closeOnRequest(1012, retryReason(7)),
    closeOnRequest(1012, retryReason(7)),
  ];
  await using server = scriptedServer([scripts[0]!, answerLoginOnly]);
  const { url } = server;
  const reconnect = { minDelay: 1, maxDelay: 1 };
  await using connection = await connect("test", { url, reconnect });
  const states = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  const { delay, close } = await states.next("waiting");
  assert.equal(delay, 7);
  assert.deepEqual(close, { code: 1012, reason: retryReason(7) });
  await states.next("open");
});

Deno.test("the delay that a server sets is limited", async () => {
  await using server = scriptedServer([
    closeOnRequest(1012, retryReason(1e15)),
  ]);
  await using connection = await connectReconnecting(server);
  const states = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  assert.equal((await states.next("waiting")).delay, 60_000);
});

Deno.test("the first attempt of connect() with `reconnect` rejects as without", async () => {
  await using refusing = scriptedServer([(socket) => {
    socket.send(errorFrame(0, 3));
  }]);
  const server = serveQuietly();
  await server.close();
  const reconnect = FAST_RECONNECT;
  const wrong = rejection(connect("test", { url: refusing.url, reconnect }));
  assert(await wrong instanceof LoginError);
  const none = rejection(connect("test", { url: server.url, reconnect }));
  assert(await none instanceof ConnectError);
  assert.equal(refusing.sockets.length, 1);
  await assert.rejects(
    connect("test", { url: refusing.url, reconnect: { minDelay: 0 } }),
    /^RangeError: Cannot connect: 'reconnect\.minDelay' must be a number of milliseconds from 1 /,
  );
});

Deno.test("the signal of connect() applies to the first attempt only", async () => {
  await using server = scriptedServer([closeOnRequest(1001), answerAll]);
  const { url } = server;
  const controller = new AbortController();
  const { signal } = controller;
  const options = { url, signal, reconnect: FAST_RECONNECT };
  await using connection = await connect("test", options);
  const states = new StateRecorder(connection);
  controller.abort();
  await rejection(connection.operation("leave"));
  await states.next("open");
  const reason = await rejection(connect("test", options));
  assert.equal(reason, signal.reason);
});

Deno.test("listeners receive messages after a reconnect in order", async () => {
  const names = ["one", "two", "three"];
  const batch: ConnectionScript = (socket, frame) => {
    if (frame.token === undefined) return;
    socket.send(successFrame(0, null, { features: ["batch"] }));
    socket.send(`[${names.map(broadcastFrame)}]`);
    socket.close(1000);
  };
  await using server = scriptedServer([closeOnRequest(1001), batch]);
  await using connection = await connectReconnecting(server);
  const seen: string[] = [];
  connection.receive(names, ({ name }) => {
    seen.push(`${name} ${connection.state}`);
  });
  await rejection(connection.operation("leave"));
  await connection.closed;
  assert.deepEqual(seen, ["one open", "two open", "three open"]);
});

Deno.test("a listener can reply to a message that follows the new login reply", async () => {
  const sendQuestion: ConnectionScript = (socket, frame) => {
    answerAll(socket, frame);
    if (frame.token !== undefined) socket.send(broadcastFrame("question"));
  };
  await using server = scriptedServer([closeOnRequest(1001), sendQuestion]);
  await using connection = await connectReconnecting(server);
  const answered = new Promise((resolve) =>
    connection.receive("question", (message) => resolve(message.reply("yes")))
  );
  await rejection(connection.operation("leave"));
  await answered;
  const [, answer] = server.frames[1]!;
  assert.equal((answer!.data as Record<string, unknown>).message, "yes");
});

Deno.test("errors of state listeners are logged", async () => {
  await using server = scriptedServer([closeOnRequest(1001), answerAll]);
  const logger = new LogRecorder();
  const options = { url: server.url, logger, reconnect: FAST_RECONNECT };
  await using connection = await connect("test", options);
  connection.onState(() => {
    throw new Error("thrown");
  });
  connection.onState(() => new Promise(() => {}));
  const states = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  await states.next("open");
  assert.equal(logger.lines.length, 4);
  await logger.line(/^error error: .*: a listener failed\n {2}Error: thrown/);
});

Deno.test("the state is connecting until the new login is accepted", async () => {
  const answer = Promise.withResolvers<() => void>();
  const slow: ConnectionScript = (socket, frame) => {
    if (frame.token === undefined) return answerAll(socket, frame);
    answer.resolve(() => socket.send(successFrame(0, null)));
  };
  await using server = scriptedServer([closeOnRequest(1001), slow]);
  await using connection = await connectReconnecting(server);
  const states = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  const send = await answer.promise;
  assert.equal(connection.state, "connecting");
  const error = await rejection(connection.operation("early"));
  assert(error instanceof ConnectionClosedError);
  send();
  await states.next("open");
});

Deno.test("with `minimumVersion`, each reconnect attempt checks for a Hoist server", async () => {
  let requests = 0;
  await using server = scriptedServer([closeOnRequest(1001), answerAll], () => {
    requests++;
    return requests === 2 ? new Response("starting") : ackResponse();
  });
  await using connection = await connectTo(server, {
    reconnect: FAST_RECONNECT,
    minimumVersion: "1.0.0",
  });
  const states = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  await states.next("open");
  const failed = ["waiting", "connecting"];
  assert.deepEqual(states.seen, [...failed, ...failed, "open"]);
  assert.equal(requests, 3);
});

Deno.test("a client reconnects after the login function failed for a while", async () => {
  let isFailing = false;
  await using server = serveQuietly({
    login: () => {
      if (isFailing) throw new Error("the database is down");
      return true;
    },
  });
  await using proxy = new TcpProxy(server);
  await using connection = await connect("test", {
    url: proxy.url,
    reconnect: { minDelay: 1, maxDelay: 5 },
  });
  const states = new StateRecorder(connection);
  isFailing = true;
  proxy.cut();
  await states.next("connecting");
  await states.next("waiting");
  isFailing = false;
  await states.next("open");
});
