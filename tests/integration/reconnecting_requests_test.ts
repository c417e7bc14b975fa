/** Pending and queued requests of a client that reconnects. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import type { ReconnectOptions } from "../../client/reconnect_policy.ts";
import {
  ConnectionClosedError,
  ResponseError,
  TimeoutError,
} from "../../common/errors.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { rejection } from "../support/errors.ts";
import { successFrame } from "../support/fake_server.ts";
import {
  answerAll,
  closeOnRequest,
  type ConnectionScript,
  connectReconnecting,
  FAST_RECONNECT,
  onChange,
  requestNames,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { serveQuietly } from "../support/server.ts";

const IDEMPOTENT = { idempotent: true };

/** Sends nothing, not even a login reply. */
const answerNothing: ConnectionScript = () => {};

/** Returns a lost connection whose reconnect attempt gets no reply. */
async function lostConnection(
  { url }: { readonly url: string },
  options: ReconnectOptions,
): Promise<Connection> {
  const reconnect = { ...FAST_RECONNECT, ...options };
  const connection = await connect("test", { url, reconnect });
  const states = new StateRecorder(connection);
  await rejection(connection.operation("lost"));
  await states.next("connecting");
  return connection;
}

/** A connection script that sends the login reply when the test calls `open`. */
function delayedLogin(): { readonly script: ConnectionScript; open(): void } {
  const connected = Promise.withResolvers<WebSocket>();
  const script: ConnectionScript = (socket, frame) => {
    if (frame.token === undefined) answerAll(socket, frame);
    else connected.resolve(socket);
  };
  const open = async () =>
    (await connected.promise).send(successFrame(0, null));
  return { script, open };
}

Deno.test("pending requests reject when the connection is lost and are not sent again", async () => {
  await using server = scriptedServer([
    closeOnRequest(1001, "bye", 3),
    answerAll,
  ]);
  await using connection = await connectReconnecting(server);
  const states = new StateRecorder(connection);
  const errors = [
    rejection(connection.message("hello")),
    rejection(connection.operation("add")),
    rejection(connection.operation("sub", {}, { idempotent: false })),
  ];
  for (const error of await Promise.all(errors)) {
    assert(error instanceof ConnectionClosedError);
    assert.deepEqual([error.code, error.reason], [1001, "bye"]);
  }
  await states.next("open");
  await connection.operation("again");
  const [first, second] = server.frames.map(requestNames);
  assert.deepEqual([first, second], [["hello", "add", "sub"], ["again"]]);
});

Deno.test("an idempotent operation is sent again before later requests", async () => {
  await using server = scriptedServer([
    closeOnRequest(1001, "", 2),
    closeOnRequest(1001),
    answerAll,
  ]);
  await using connection = await connectReconnecting(server);
  onChange(connection, ({ state }) => {
    if (state === "open") void connection.operation("later").catch(() => {});
  });
  const data = { n: 1 };
  const results = ["one", "two"].map((name) =>
    connection.operation(name, data, IDEMPOTENT)
  );
  data.n = 2;
  assert.deepEqual(await Promise.all(results), ["one", "two"]);
  assert.equal(server.sockets.length, 3);
  const [, first] = server.frames[2]!;
  assert.deepEqual(first!.data, { operation: "one", data: { n: 1 } });
  assert.deepEqual(requestNames(server.frames[2]), ["one", "two", "later"]);
});

Deno.test("an idempotent operation runs again on a restarted server", async () => {
  const port = freePort();
  const first = serveQuietly({ port, closeTimeout: 1 });
  const called = Promise.withResolvers<void>();
  first.operation("get", () => {
    called.resolve();
    return new Promise(() => {});
  });
  const { url } = first;
  await using connection = await connect("test", {
    url,
    reconnect: FAST_RECONNECT,
  });
  const options = { ...IDEMPOTENT, timeout: 60_000 };
  const result = connection.operation("get", {}, options);
  await called.promise;
  await first.close();
  await using second = serveQuietly({ port });
  second.operation("get", () => "got");
  assert.equal(await result, "got");
});

Deno.test("an idempotent operation that fails is not sent again", async () => {
  await using server = serveQuietly();
  await using connection = await connectReconnecting(server);
  const error = await rejection(connection.operation("fly", {}, IDEMPOTENT));
  assert(error instanceof ResponseError);
});

for (const code of [1003, 1008, 1009]) {
  Deno.test(`an idempotent operation is not sent again after close code ${code}`, async () => {
    await using server = scriptedServer([closeOnRequest(code), answerAll]);
    await using connection = await connectReconnecting(server);
    const states = new StateRecorder(connection);
    const error = await rejection(connection.operation("bad", {}, IDEMPOTENT));
    assert(error instanceof ConnectionClosedError);
    assert.equal(error.code, code);
    await states.next("open");
    await connection.operation("again");
    assert.deepEqual(requestNames(server.frames[1]), ["again"]);
  });
}

Deno.test("an idempotent operation rejects if the client does not reconnect", async () => {
  await using server = scriptedServer([closeOnRequest(4000)]);
  await using connection = await connectReconnecting(server);
  const error = await rejection(connection.operation("get", {}, IDEMPOTENT));
  assert(error instanceof ConnectionClosedError);
  assert.equal(error.code, 4000);
});

Deno.test("the timeout of an idempotent operation starts at the first call", async () => {
  await using server = scriptedServer([closeOnRequest(1001), answerNothing]);
  await using connection = await connectReconnecting(server);
  const error = await rejection(
    connection.operation("get", {}, { ...IDEMPOTENT, timeout: 50 }),
  );
  assert(error instanceof TimeoutError);
  assert.equal(
    error.message,
    `Cannot finish operation "get": no response within 50 ms. Raise 'timeout' to wait longer.`,
  );
});

Deno.test("the signal of an idempotent operation rejects it while the client reconnects", async () => {
  await using server = scriptedServer([closeOnRequest(1001), answerNothing]);
  await using connection = await connectReconnecting(server);
  const states = new StateRecorder(connection);
  const controller = new AbortController();
  const options = { ...IDEMPOTENT, signal: controller.signal };
  const waiting = rejection(connection.operation("get", {}, options));
  await states.next("connecting");
  const reason = new Error("cancelled");
  controller.abort(reason);
  assert.equal(await waiting, reason);
  assert.equal(
    await rejection(connection.operation("get", {}, options)),
    reason,
  );
});

Deno.test("a request without `maxQueue` rejects while the client reconnects", async () => {
  await using server = scriptedServer([
    closeOnRequest(1001, "bye"),
    answerNothing,
  ]);
  await using connection = await lostConnection(server, {});
  for (
    const request of [
      connection.operation("early"),
      connection.operation("early", {}, IDEMPOTENT),
    ]
  ) {
    const error = await rejection(request);
    assert(error instanceof ConnectionClosedError);
    assert.equal(
      error.message,
      `Cannot finish operation "early": the connection is closed (1001, "bye"), and the client is not connected. Set 'reconnect.maxQueue' to let requests wait, or call again when the state is 'open'.`,
    );
  }
});

Deno.test("up to `maxQueue` requests wait and are sent in order", async () => {
  const login = delayedLogin();
  await using server = scriptedServer([closeOnRequest(1001), login.script]);
  await using connection = await lostConnection(server, { maxQueue: 3 });
  connection.onState(({ state }) => {
    if (state === "open") void connection.operation("later");
  });
  const data = { n: 1 };
  const results = [
    connection.operation("one", data),
    connection.message("two", data).then(({ name }) => name),
    connection.operation("three", data),
  ];
  data.n = 2;
  const error = await rejection(connection.message("four"));
  assert(error instanceof ConnectionClosedError);
  assert.match(error.message, /The queue already contains 3 requests\. Raise/);
  login.open();
  assert.deepEqual(await Promise.all(results), ["one", "two", "three"]);
  assert.deepEqual(requestNames(server.frames[1]), [
    "one",
    "two",
    "three",
    "later",
  ]);
  for (const { data } of server.frames[1]!.slice(1, 4)) {
    assert.deepEqual((data as Record<string, unknown>).data, { n: 1 });
  }
});

Deno.test("a cancelled request leaves the queue and is not sent", async () => {
  const login = delayedLogin();
  await using server = scriptedServer([closeOnRequest(1001), login.script]);
  await using connection = await lostConnection(server, { maxQueue: 2 });
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = rejection(connection.operation("aborted", {}, { signal }));
  const late = rejection(connection.operation("late", {}, { timeout: 1 }));
  controller.abort(new Error("cancelled"));
  assert.equal(await aborted, signal.reason);
  assert(await late instanceof TimeoutError);
  const results = ["one", "two"].map((name) => connection.operation(name));
  login.open();
  assert.deepEqual(await Promise.all(results), ["one", "two"]);
  assert.deepEqual(requestNames(server.frames[1]), ["one", "two"]);
});

Deno.test("an invalid request rejects at once while the client reconnects", async () => {
  await using server = scriptedServer([closeOnRequest(1001), answerNothing]);
  await using connection = await lostConnection(server, { maxQueue: 9 });
  const bad = [1] as unknown as Record<string, never>;
  const message =
    /^TypeError: Cannot send operation "bad": its data must be a JSON object/;
  await assert.rejects(connection.operation("bad", bad), message);
  await assert.rejects(
    connection.operation("bad", {}, { timeout: -1 }),
    /^RangeError: Cannot call the operation: 'timeout' must be /,
  );
  const signal = AbortSignal.abort();
  assert.equal(
    await rejection(connection.operation("bad", {}, { signal })),
    signal.reason,
  );
});

Deno.test("queued requests reject when the connection is closed", async () => {
  await using server = scriptedServer([closeOnRequest(1001), answerNothing]);
  const connection = await lostConnection(server, { maxQueue: 2 });
  const waiting = [
    rejection(connection.operation("one")),
    rejection(connection.operation("two", {}, IDEMPOTENT)),
  ];
  await connection.close();
  for (const error of await Promise.all(waiting)) {
    assert(error instanceof ConnectionClosedError);
    assert.deepEqual([error.code, error.reason], [
      1000,
      "closed by the client",
    ]);
  }
});

Deno.test("queued requests reject if the client does not reconnect", async () => {
  const connected = Promise.withResolvers<WebSocket>();
  const keepOpen: ConnectionScript = (socket) => connected.resolve(socket);
  await using server = scriptedServer([closeOnRequest(1001, "bye"), keepOpen]);
  await using connection = await lostConnection(server, { maxQueue: 2 });
  const waiting = [
    rejection(connection.operation("one")),
    rejection(connection.operation("two", {}, IDEMPOTENT)),
  ];
  (await connected.promise).close(4001, "banned");
  for (const error of await Promise.all(waiting)) {
    assert(error instanceof ConnectionClosedError);
    assert.deepEqual([error.code, error.reason], [1001, "bye"]);
  }
});

Deno.test("a queued request is sent once even if the connection is lost again", async () => {
  const login = delayedLogin();
  const script: ConnectionScript = (socket, frame) => {
    if (frame.action === undefined) login.script(socket, frame);
    else socket.close(1011);
  };
  await using server = scriptedServer([
    closeOnRequest(1001),
    script,
    answerAll,
  ]);
  await using connection = await lostConnection(server, { maxQueue: 1 });
  const states = new StateRecorder(connection);
  const waiting = rejection(connection.operation("one"));
  login.open();
  const error = await waiting;
  assert(error instanceof ConnectionClosedError);
  assert.equal(error.code, 1011);
  await states.next("open");
  await states.next("open");
  await connection.operation("again");
  assert.deepEqual(requestNames(server.frames[2]), ["again"]);
});

Deno.test("`maxQueue` does not limit idempotent operations that are sent again", async () => {
  const login = delayedLogin();
  await using server = scriptedServer([
    closeOnRequest(1001, "", 3),
    login.script,
  ]);
  const { url } = server;
  const reconnect = { ...FAST_RECONNECT, maxQueue: 1 };
  await using connection = await connect("test", { url, reconnect });
  const states = new StateRecorder(connection);
  const results = ["one", "two", "three"].map((name) =>
    connection.operation(name, {}, IDEMPOTENT)
  );
  await states.next("connecting");
  const error = await rejection(connection.operation("four"));
  assert(error instanceof ConnectionClosedError);
  login.open();
  assert.deepEqual(await Promise.all(results), ["one", "two", "three"]);
});
