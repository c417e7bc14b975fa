/** createConnection(): clients that start before their server. */

import assert from "node:assert/strict";
import { createConnection } from "../../client.ts";
import type { ConnectionState } from "../../client/status.ts";
import {
  BufferFullError,
  ConnectError,
  ConnectionClosedError,
  LoginError,
  TimeoutError,
  VersionError,
} from "../../common/errors.ts";
import { rejection, throwsExactly } from "../support/errors.ts";
import { ackResponse, errorFrame } from "../support/fake_server.ts";
import { createFast, lateServer } from "../support/late_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { makeScript, Program } from "../support/program.ts";
import {
  answerAll,
  type ConnectionScript,
  FAST_RECONNECT,
  requestNames,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";

/** Options for a connection that does not try again during a test. */
const SLOW = { reconnect: { minDelay: 60_000, maxDelay: 60_000 } };

Deno.test("createConnection() returns a connection that opens later", async () => {
  await using server = serveQuietly();
  await using connection = createConnection("test", { url: server.url });
  assert.equal(connection.state, "connecting");
  assert.equal(connection.url, server.url);
  const seen: ConnectionState[] = [];
  connection.onState(({ state }) => seen.push(state));
  assert.equal(await connection.opened, undefined);
  assert.equal(connection.state, "open");
  assert.deepEqual(seen, ["connecting", "open"]);
});

Deno.test("the client connects when its server starts, and sends what waited in order", async () => {
  const late = lateServer();
  await using connection = createFast(late);
  const states = new StateRecorder(connection);
  const received: unknown[] = [];
  const results = [
    connection.operation("add", { n: 1 }),
    connection.message("hello").then(({ name }) => name),
    connection.request("ask").then(({ name }) => name),
    Array.fromAsync(connection.stream("count")),
  ];
  await states.next("waiting");
  await states.next("connecting");
  await using server = late.start();
  server.operation("add", ({ n }) => received.push("add") && Number(n) + 1);
  server.receive("hello", () => void received.push("hello"));
  server.receive("ask", (message) => {
    received.push("ask");
    message.reply("answer");
  });
  server.operation("count", async function* () {
    received.push("count");
    yield* [1, 2];
  });
  assert.deepEqual(await Promise.all(results), [
    2,
    "hello",
    "answer",
    [1, 2],
  ]);
  assert.deepEqual(received, ["add", "hello", "ask", "count"]);
});

Deno.test("the client survives a server that is killed and started again", async () => {
  const { url, port } = lateServer();
  await using script = await makeScript(`
    import { serve } from "${import.meta.resolve("../../server.ts")}";
    const server = serve("test", { hostname: "127.0.0.1", port: ${port} });
    server.operation("pid", () => Deno.pid);
  `);
  const start = () => new Program(["--no-check", "--allow-all", script.path]);
  const reconnect = { minDelay: 20, maxDelay: 50 };
  await using connection = createConnection("test", { url, reconnect });
  const states = new StateRecorder(connection);
  for (let n = 0; n < 2; n++) {
    const pid = connection.operation("pid", {}, { idempotent: true });
    await using program = start();
    assert.equal(await pid, program.process.pid);
    await states.next("open");
    program.process.kill("SIGKILL");
    await states.next("waiting");
  }
});

Deno.test("listeners added before the login get every message", async () => {
  const late = lateServer();
  await using connection = createFast(late);
  const news = new Promise((resolve) => connection.receive("news", resolve));
  await using server = late.start();
  await connection.opened;
  await server.broadcast("news", {});
  await news;
});

Deno.test("listeners added after `opened` get messages that came with the login", async () => {
  await using server = scriptedServer([(socket, frame) => {
    if (frame.token === undefined) return answerAll(socket, frame);
    const data = { message: "news", data: {}, id: 1, replying: null };
    socket.send(JSON.stringify({
      ...{ success: true, data, error: null, code: 0 },
      ...{ message: "s_newmsg", desc: null, id: null },
    }));
    answerAll(socket, frame);
  }]);
  await using connection = createFast(server);
  await connection.opened;
  await new Promise((resolve) => connection.receive("news", resolve));
});

Deno.test("messages do not wait for a listener without an end", async () => {
  await using server = serveQuietly();
  const logger = new LogRecorder();
  await using connection = createFast(server, { logger });
  await connection.opened;
  await server.broadcast("news", {});
  await logger.line(/no listener received "news"/);
});

Deno.test("the client asks once what server this is", async () => {
  let asked = 0;
  await using server = scriptedServer([answerAll], () => {
    asked++;
    return ackResponse();
  });
  await using connection = createFast(server);
  const states = new StateRecorder(connection);
  await states.next("open");
  server.sockets[0]!.close(1001);
  await states.next("open");
  assert.equal(asked, 1);
});

Deno.test("the queue is limited to 1,000 requests, or to `maxQueue`", async () => {
  for (
    const [maxQueue, options] of [[1_000, {}], [2, { maxQueue: 2 }]] as const
  ) {
    await using connection = createConnection("test", {
      url: "http://127.0.0.1:1",
      reconnect: { ...SLOW.reconnect, ...options },
    });
    const waiting = Array.from({ length: maxQueue }, () => {
      const request = connection.operation("wait");
      request.catch(() => {});
      return request;
    });
    const error = await rejection(connection.operation("late"));
    assert(error instanceof ConnectionClosedError);
    assert.equal(
      error.message,
      `Cannot finish operation "late": the connection is closed (1006), and the client is not connected. The queue already contains ${maxQueue} requests. Raise 'reconnect.maxQueue', or call again when the state is 'open'.`,
    );
    assert.equal(await Promise.race([...waiting, pause(1)]), undefined);
  }
});

Deno.test("the queue is limited to `maxBuffered` bytes", async () => {
  await using connection = createConnection("test", {
    url: "http://127.0.0.1:1",
    maxBuffered: 1_024,
  });
  // If none waits, any request can wait.
  const waiting = connection.operation("wait", { text: "x".repeat(2_000) });
  waiting.catch(() => {});
  assert.equal(await Promise.race([waiting, pause(1)]), undefined);
  const error = await rejection(connection.operation("late"));
  assert(error instanceof BufferFullError);
});

Deno.test("the timeout and the signal of a request apply while it waits", async () => {
  await using connection = createConnection("test", {
    url: "http://127.0.0.1:1",
    ...SLOW,
  });
  const late = connection.operation("late", {}, { timeout: 1 });
  assert(await rejection(late) instanceof TimeoutError);
  const reason = new Error("enough");
  const controller = new AbortController();
  const given = connection.operation("a", {}, { signal: controller.signal });
  controller.abort(reason);
  assert(await throwsExactly(() => given, reason));
});

for (
  const [what, script, Kind] of [
    ["token", (socket) => socket.send(errorFrame(0, 3)), LoginError],
    [
      "version",
      (socket) => socket.send(errorFrame(0, 4, { needed: "9.0.0" })),
      VersionError,
    ],
  ] as readonly [string, ConnectionScript, new (...args: never[]) => Error][]
) {
  Deno.test(`a rejected ${what} ends the connection`, async () => {
    await using server = scriptedServer([script]);
    const connection = createFast(server);
    const waiting = connection.operation("add");
    const { error, ...close } = await connection.closed;
    assert(error instanceof Kind);
    assert.deepEqual(close, { code: 1006, reason: "" });
    assert.equal(connection.state, "closed");
    assert(await throwsExactly(() => connection.opened, error));
    const { message } = await rejection(waiting);
    assert(message.includes(error.message), message);
    assert.equal(server.sockets.length, 1);
    assert(await rejection(connection.operation("late")));
  });
}

Deno.test("a server that is too old ends the connection", async () => {
  await using server = scriptedServer([answerAll]);
  const connection = createFast(server, { minimumVersion: "9.0.0" });
  const { error } = await connection.closed;
  assert(error instanceof VersionError);
});

Deno.test("the connection ends after `maxAttempts`, and `opened` rejects with the last error", async () => {
  const connection = createConnection("test", {
    url: "http://127.0.0.1:1",
    reconnect: { ...FAST_RECONNECT, maxAttempts: 2 },
  });
  const states = new StateRecorder(connection);
  const { error } = await connection.closed;
  assert(error instanceof ConnectError);
  assert(await throwsExactly(() => connection.opened, error));
  const failed = ["waiting", "connecting"];
  assert.deepEqual(states.seen, [...failed, ...failed, "closed"]);
});

Deno.test("`reconnect: false` makes one attempt, and does not reconnect", async () => {
  const options = { url: "http://127.0.0.1:1", reconnect: false };
  const failing = createConnection("test", options);
  assert(await rejection(failing.opened) instanceof ConnectError);
  assert.equal(failing.state, "closed");
  await using server = scriptedServer([answerAll]);
  const connection = createFast(server, { reconnect: false });
  assert.equal(await connection.operation("add"), "add");
  server.sockets[0]!.close(1001);
  assert.equal((await connection.closed).code, 1001);
});

Deno.test("a failed attempt before the first login is reported in the state", async () => {
  await using connection = createConnection("test", {
    url: "http://127.0.0.1:1",
    ...SLOW,
  });
  const states = new StateRecorder(connection);
  const { close } = await states.next("waiting");
  assert.deepEqual([close.code, close.reason], [1006, ""]);
  assert(close.error instanceof ConnectError);
});

Deno.test("close() before, during and between attempts ends the connection", async () => {
  await using server = scriptedServer([() => {}]);
  for (
    const [url, state] of [
      [server.url, undefined],
      [server.url, "connecting"],
      ["http://127.0.0.1:1", "waiting"],
    ] as const
  ) {
    const connection = createConnection("test", { url, ...SLOW });
    const states = new StateRecorder(connection);
    const waiting = connection.operation("wait");
    if (state === "waiting") await states.next("waiting");
    const sockets = server.sockets.length;
    while (state === "connecting" && server.sockets.length === sockets) {
      await pause(1);
    }
    await connection.close();
    const closed = { code: 1000, reason: "closed by the client" };
    assert.deepEqual(await connection.closed, closed);
    for (
      const error of await Promise.all(
        [waiting, connection.opened].map(rejection),
      )
    ) {
      assert(error instanceof ConnectionClosedError);
      assert.equal(error.code, 1000);
    }
    assert.equal(states.seen.at(-1), "closed");
  }
});

Deno.test("`signal` ends a connection that has not opened, and no other", async () => {
  const reason = new Error("unmounted");
  const url = "http://127.0.0.1:1";
  const aborted = createConnection("test", {
    url,
    signal: AbortSignal.abort(reason),
  });
  assert.equal(aborted.state, "closed");
  assert(await throwsExactly(() => aborted.opened, reason));

  const controller = new AbortController();
  const { signal } = controller;
  const waiting = createConnection("test", { url, signal, ...SLOW });
  const request = waiting.operation("wait");
  controller.abort(reason);
  assert.equal((await waiting.closed).error, reason);
  assert(await throwsExactly(() => waiting.opened, reason));
  assert(await rejection(request) instanceof ConnectionClosedError);

  await using server = serveQuietly();
  const later = new AbortController();
  await using open = createFast(server, { signal: later.signal });
  await open.opened;
  later.abort(reason);
  await open.message("hello");
});

Deno.test("`signal` can abort with any reason", async () => {
  const signal = AbortSignal.abort("unmounted");
  const connection = createConnection("test", { signal });
  assert(await rejection(connection.opened) instanceof ConnectionClosedError);
});

Deno.test("no rejection of `opened` has to be handled", async () => {
  const connection = createConnection("test", { url: "http://127.0.0.1:1" });
  await connection.close();
  // The test would fail with an unhandled rejection.
  await pause(1);
});

Deno.test("createConnection() throws for an invalid option", () => {
  assert.throws(() => createConnection(""), TypeError);
  assert.throws(() => createConnection("test", { url: "a b" }), TypeError);
  const reconnect = { minDelay: 0 };
  assert.throws(() => createConnection("test", { reconnect }), RangeError);
});

Deno.test("the token function can use the connection, and is called for each attempt", async () => {
  const late = lateServer();
  const states: string[] = [];
  await using connection = createFast(late, {}, () => {
    if (states.push(connection.state) === 1) throw new Error("offline");
    return "test";
  });
  const recorder = new StateRecorder(connection);
  await recorder.next("waiting");
  await recorder.next("connecting");
  await recorder.next("waiting");
  await using _server = late.start();
  await connection.opened;
  assert(states.length >= 3 && states.every((state) => state === "connecting"));
});

Deno.test("requests that wait for the first login are dropped if its token is rejected", async () => {
  let calls = 0;
  const reject: ConnectionScript = (socket) => {
    socket.send(errorFrame(0, 3));
    socket.close(1008);
  };
  await using server = scriptedServer([reject, answerAll]);
  await using connection = createFast(server, {}, () => `user ${++calls}`);
  const error = await rejection(connection.operation("pay"));
  assert.match(error.message, /the next login can be of another user/);
  await connection.opened;
  await connection.operation("read");
  assert.deepEqual(requestNames(server.frames[1]), ["read"]);
});
