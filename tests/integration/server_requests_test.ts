/** Client.request(), a request of the server: docs/reference/protocol.md, "Extensions", `request`. */

import assert from "node:assert/strict";
import type { Client } from "../../mod.ts";
import {
  ConnectionClosedError,
  FeatureError,
  NoReplyError,
  TimeoutError,
} from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, RawClient, SUCCESS } from "../support/raw_client.ts";
import { StateRecorder } from "../support/reconnecting.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import type { Server } from "../../server.ts";

/** Options for a client whose listeners can fail when it closes. */
const QUIET = { logger: new LogRecorder() };

/** Returns the only client of a server. */
function onlyClient(server: Server): Client {
  const [client, ...others] = server.clients;
  assert(client !== undefined && others.length === 0);
  return client;
}

/** Logs in a raw client and sends it the request `ready`. */
async function requestFromRawClient(server: Server, options = {}) {
  const raw = await RawClient.logIn(server, ["request", "done-id"]);
  const client = onlyClient(server);
  const reply = client.request("ready", { n: 1 }, options);
  // The test handles a rejection later.
  reply.catch(() => {});
  const frame = await raw.next();
  return { raw, client, reply, frame, wire: frame.data };
}

/** The frame of a client whose listeners are done. */
function done(id: number, failed: unknown = false) {
  return { id, action: "done", data: { failed } };
}

Deno.test("Client.request() resolves to the reply of the client", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server, QUIET);
  connection.receive("ready", async (message) => {
    await message.reply("yes", { n: Number(message.data.n) + 1 });
  });
  const reply = await onlyClient(server).request("ready", { n: 1 });
  assert.deepEqual([reply.name, reply.data], ["yes", { n: 2 }]);
  assert.deepEqual(reply.replying?.data, { n: 1 });
  assert.equal(reply.client, onlyClient(server));
});

Deno.test("Client.request() sends a request frame and resolves to the reply", async () => {
  await using server = serveQuietly();
  const { raw, reply, frame, wire } = await requestFromRawClient(server);
  assert.deepEqual(frame, {
    ...SUCCESS,
    message: "request",
    id: null,
    data: { message: "ready", data: { n: 1 }, replying: null, id: wire.id },
  });
  raw.send(message(1, "yes", {}, wire));
  raw.send(done(wire.id));
  assert.equal((await reply).name, "yes");
  // The server answers the reply like any other message.
  assert.equal((await raw.next()).message, "done");
  await raw[Symbol.asyncDispose]();
});

Deno.test("Client.request() resolves to the first reply, and listeners receive all replies", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  const seen: unknown[] = [];
  server.receive(({ data }) => void seen.push(data.n));
  const { raw, reply, wire } = await requestFromRawClient(server);
  for (const n of [1, 2]) raw.send(message(n, "yes", { n }, wire));
  assert.equal((await reply).data.n, 1);
  await raw.take(2);
  assert.deepEqual(seen, [1, 2]);
  await raw[Symbol.asyncDispose]();
});

Deno.test("the server warns about a reply without a listener only if no request waits for it", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  const { raw, reply, wire } = await requestFromRawClient(server);
  raw.send(message(1, "yes", {}, wire));
  await reply;
  raw.send(message(2, "yes", {}, wire));
  await raw.take(2);
  const [warning, ...others] = logger.lines.filter((line) =>
    /there is no listener/.test(line)
  );
  assert.deepEqual(others, [], "only the second one replies to nothing");
  assert.match(
    warning!,
    /: there is no listener to message "yes", a reply to message "ready"$/,
  );
  await raw[Symbol.asyncDispose]();
});

for (const failed of [false, true]) {
  Deno.test(`Client.request() rejects with NoReplyError if no listener replies, failed: ${failed}`, async () => {
    await using server = serveQuietly();
    await using connection = await connectTo(server, {
      logger: new LogRecorder(),
    });
    connection.receive("ready", () => {
      if (failed) throw new Error("secret of the client");
    });
    const error = await rejection(onlyClient(server).request("ready"));
    assert(error instanceof NoReplyError);
    assert.equal(
      error.message,
      failed
        ? 'Cannot finish request "ready": a listener on the other side failed, and no other listener replied. See the log of the other side.'
        : 'Cannot finish request "ready": no listener on the other side replied. Register a listener that calls message.reply().',
    );
  });
}

Deno.test("Client.request() rejects with NoReplyError if the client has no listener", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server, QUIET);
  await connection.message("here");
  const error = await rejection(onlyClient(server).request("ready"));
  assert(error instanceof NoReplyError);
});

Deno.test("a listener added right after connect() receives earlier requests", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  const reply = (async () => {
    await opened;
    return await onlyClient(server).request("ready");
  })();
  await using connection = await connectTo(server, QUIET);
  open();
  connection.receive("ready", async (message) => {
    await message.reply("yes");
  });
  assert.equal((await reply).name, "yes");
});

Deno.test("the server ignores a late reply and a done frame without a request", async () => {
  await using server = serveQuietly();
  const { raw, reply, wire } = await requestFromRawClient(server, {
    timeout: 1,
  });
  const error = await rejection(reply);
  assert(error instanceof TimeoutError);
  assert.equal(
    error.message,
    `Cannot finish request "ready": no response within 1 ms. Raise 'timeout' to wait longer.`,
  );
  raw.send(message(1, "yes", {}, wire));
  for (const id of [wire.id, wire.id, wire.id + 1, 0, -1]) raw.send(done(id));
  assert.equal((await raw.next()).id, 1);
  raw.send(message(2, "still there"));
  assert.equal((await raw.next()).id, 2);
  await raw[Symbol.asyncDispose]();
});

Deno.test("Client.request() rejects when its signal aborts or is already aborted", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server, QUIET);
  connection.receive("ready", () => new Promise(() => {}));
  const client = onlyClient(server);
  const controller = new AbortController();
  const { signal } = controller;
  const reply = rejection(client.request("ready", {}, { signal }));
  controller.abort(new Error("enough"));
  assert.equal((await reply).message, "enough");
  const again = rejection(client.request("ready", {}, { signal }));
  assert.equal((await again).message, "enough");
});

Deno.test("Client.request() rejects with ConnectionClosedError when the client says goodbye", async () => {
  await using server = serveQuietly();
  const { raw, client, reply } = await requestFromRawClient(server);
  raw.send({ id: null, end: true });
  for (const request of [reply, client.request("ready")]) {
    const error = await rejection(request);
    assert(error instanceof ConnectionClosedError);
    assert.equal(
      error.message,
      'Cannot finish request "ready": the connection is closed (1000, "goodbye")',
    );
  }
  await raw.closed;
});

Deno.test("Client.request() rejects with ConnectionClosedError when the client closes without a goodbye", async () => {
  await using server = serveQuietly();
  const { raw, reply } = await requestFromRawClient(server);
  await raw[Symbol.asyncDispose]();
  const error = await rejection(reply);
  assert(error instanceof ConnectionClosedError);
  assert.equal(error.code, 1005);
});

Deno.test("a closing server waits for a reply that a running handler needs", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  server.operation("deploy", async (_data, { client }) => {
    const reply = client.request("sure?");
    open();
    return (await reply).name;
  });
  await using connection = await connectTo(server, QUIET);
  const { opened: closing, open: close } = gate();
  connection.receive("sure?", async (message) => {
    await closing;
    await message.reply("yes");
  });
  const deployed = connection.operation("deploy");
  await opened;
  const closed = server.close();
  close();
  assert.equal(await deployed, "yes");
  await closed;
});

Deno.test("a closed server rejects all pending requests to clients", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  await using connection = await connectTo(server, QUIET);
  connection.receive("ready", () => new Promise(() => {}));
  const reply = rejection(onlyClient(server).request("ready"));
  await server.close();
  assert(await reply instanceof ConnectionClosedError);
});

Deno.test("Client.request() rejects if the client does not support the extension", async () => {
  await using server = serveQuietly();
  await using raw = await RawClient.logIn(server, ["batch", "stream"]);
  const error = await rejection(onlyClient(server).request("ready"));
  assert(error instanceof FeatureError);
  assert.equal(error.feature, "request");
  assert.equal(
    error.message,
    'Cannot finish request "ready": the client does not support the extension "request" of this package. Update the client.',
  );
  // The server rejects frames of the extension from this client as well.
  raw.send(done(1));
  assert.equal((await raw.next()).code, 8);
});

Deno.test("Client.request() rejects data that cannot be sent", async () => {
  await using server = serveQuietly({ limits: { maxBuffered: 1_024 } });
  await using connection = await connectTo(server, QUIET);
  const client = onlyClient(server);
  const request = client.request as (...args: unknown[]) => Promise<unknown>;
  for (const data of [[1], "text", null, { n: 1n }]) {
    await assert.rejects(request.call(client, "ready", data), {
      name: "TypeError",
      message: /^Cannot send message "ready": its data /,
    });
  }
  await assert.rejects(client.request("ready", { text: "x".repeat(1_024) }), {
    name: "RangeError",
    message:
      /^Cannot send message "ready": it must be at most 1024 bytes long. It has 1\d{3} bytes. Send less data, or raise 'limits.maxBuffered' of the server.$/,
  });
  await assert.rejects(client.request("ready", {}, { timeout: NaN }), {
    name: "RangeError",
  });
  await assert.rejects(request.call(client, "ready", {}, { timout: 5 }), {
    name: "TypeError",
    message:
      "Cannot send the request: unknown option 'timout'. Did you mean 'timeout'?",
  });
  assert.deepEqual((await connection.message("fine")).replies, []);
});

Deno.test("an invalid done frame is answered with code 2 and does not affect the request", async () => {
  await using server = serveQuietly();
  const { raw, reply, wire } = await requestFromRawClient(server);
  for (
    const [frame, id, desc] of [
      [
        done(wire.id, "no"),
        wire.id,
        '"data.failed" must be a boolean, not a string',
      ],
      [done(1.5), null, '"id" must be an integer, not a fractional number'],
      [{ id: 3, action: "done" }, 3, '"data" must be an object, not null'],
      [
        { id: 3, action: "done", data: {} },
        3,
        '"data.failed" must be a boolean, not null',
      ],
    ] as const
  ) {
    raw.send(frame);
    const answer = await raw.next();
    assert.deepEqual([answer.code, answer.id, answer.desc], [2, id, desc]);
  }
  raw.send(message(1, "yes", {}, wire));
  assert.equal((await reply).name, "yes");
  await raw[Symbol.asyncDispose]();
});

Deno.test("the server ignores a reply of another client or to another message", async () => {
  await using server = serveQuietly();
  await using other = await RawClient.logIn(server, ["request", "done-id"]);
  const [first] = server.clients;
  const raw = await RawClient.logIn(server, ["request", "done-id"]);
  const client = [...server.clients].find((each) => each !== first)!;
  const reply = client.request("ready");
  const { data: wire } = await raw.next();
  other.send(message(1, "yes", { n: 0 }, wire));
  other.send(done(wire.id));
  await other.take(1);
  raw.send(message(1, "yes", { n: 1 }, { ...wire, message: "steady" }));
  raw.send(message(2, "yes", { n: 2 }, { ...wire, id: wire.id + 7 }));
  raw.send(message(3, "yes", { n: 3 }, wire));
  assert.equal((await reply).data.n, 3);
  await raw[Symbol.asyncDispose]();
});

Deno.test("the error of Client.request() has the stack of its caller", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server, QUIET);
  await connection.message("here");
  async function theCaller(): Promise<void> {
    await onlyClient(server).request("ready");
  }
  const { stack } = await rejection(theCaller());
  assert.match(stack ?? "", /^NoReplyError: .*\n\s+at async theCaller/);
});

Deno.test("a reconnected client answers requests again", async () => {
  await using server = serveQuietly();
  await using proxy = new TcpProxy(server);
  await using connection = await connectTo(proxy, {
    ...QUIET,
    reconnect: { minDelay: 1 },
  });
  connection.receive("ready", async (message) => {
    await message.reply("yes");
  });
  assert.equal((await onlyClient(server).request("ready")).name, "yes");
  const states = new StateRecorder(connection);
  proxy.cut();
  await states.next("open");
  assert.equal((await onlyClient(server).request("ready")).name, "yes");
});
