import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { ConnectionClosedError, ResponseError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import {
  errorFrame,
  fakeServer,
  successFrame,
} from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { freeze } from "../../tools/lib/freeze.ts";
import { firstMatch } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

Deno.test("an error without an id rejects the oldest request before the connection closes", async () => {
  await using server = fakeServer((socket, { id, action }) => {
    if (action === undefined) return socket.send(successFrame(0, null));
    if (id !== 3) return;
    socket.send(errorFrame(null, 5));
    socket.close(1003);
  });
  await using connection = await connect("test", { url: server.url });
  const [first, second, third] = await Promise.all([
    rejection(connection.operation("a")),
    rejection(connection.operation("b")),
    rejection(connection.message("c")),
  ]);
  assert(first instanceof ResponseError);
  assert.equal(first.code, 5);
  for (const error of [second, third]) {
    assert(error instanceof ConnectionClosedError);
    assert.equal(error.code, 1003);
  }
});

Deno.test("an error without an id before done rejects that message only", async () => {
  await using server = fakeServer((socket, { id, action }) => {
    if (action === undefined) return socket.send(successFrame(0, null));
    if (action === "operation") {
      return socket.send(successFrame(id as number, null, { result: 1 }));
    }
    socket.send(successFrame(id as number, "open", { id: 1 }));
    socket.send(
      errorFrame(null, 6, {
        message: "division by zero",
        exc: "ZeroDivisionError",
      }),
    );
    socket.send(successFrame(id as number, "done"));
  });
  await using connection = await connect("test", { url: server.url });
  const error = await rejection(connection.message("hello"));
  assert.equal(
    error.message,
    'Cannot finish message "hello": the server answered SOME_ERROR: ZeroDivisionError: division by zero. See the log of the server.',
  );
  assert.equal(await connection.operation("add"), 1);
});

Deno.test("pending requests reject at once when the server closes", async () => {
  const server = serveQuietly({ closeTimeout: 1 });
  server.operation("never", () => new Promise(() => {}));
  server.receive("never", () => new Promise(() => {}));
  await using connection = await connectTo(server);
  const errors = [
    rejection(connection.operation("never")),
    rejection(connection.message("never")),
  ];
  await server.close();
  for (const error of await Promise.all(errors)) {
    assert(error instanceof ConnectionClosedError);
    assert.deepEqual([error.code, error.reason], [1001, "server closed"]);
    assert.match(
      error.message,
      /^Cannot finish (operation|message) "never": the connection is closed \(1001, "server closed"\)$/,
    );
  }
  assert.deepEqual(await connection.closed, {
    code: 1001,
    reason: "server closed",
  });
  assert(
    (await rejection(connection.operation("x"))) instanceof
      ConnectionClosedError,
  );
});

Deno.test("pending requests reject when the server is killed", async () => {
  const program = new URL("../../mod.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-net",
      program,
      "-t",
      "test",
      "-H",
      "127.0.0.1",
      "-p",
      "0",
    ],
    stderr: "piped",
    stdout: "null",
  }).spawn();
  const address = await firstMatch(child.stderr, /127\.0\.0\.1:\d+/);
  await using connection = await connect("test", { url: `http://${address}` });
  // A stopped process cannot answer before it is killed.
  freeze(child);
  const waiting = rejection(connection.operation("any"));
  child.kill("SIGKILL");
  await child.status;
  const error = await waiting;
  assert(error instanceof ConnectionClosedError);
  assert.equal(error.code, 1006);
  assert.deepEqual(await connection.closed, { code: 1006, reason: "" });
});

Deno.test("Connection.close() says goodbye and rejects pending requests", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  server.operation("never", () => new Promise(() => {}));
  const connection = await connectTo(server);
  const waiting = rejection(connection.operation("never"));
  await Promise.all([connection.close(), connection.close()]);
  const error = await waiting;
  assert(error instanceof ConnectionClosedError);
  assert.equal(error.code, 1000);
  assert.deepEqual(await connection.closed, { code: 1000, reason: "goodbye" });
  await connection.close();
});

Deno.test("Connection.close() resolves if the server does not answer", async () => {
  await using server = fakeServer((socket, { id }) => {
    if (id === 0) socket.send(successFrame(0, null));
  });
  const connection = await connect("test", { url: server.url });
  await connection.close();
  assert.equal((await connection.closed).code, 1000);
});

Deno.test("an await using block closes the connection", async () => {
  await using server = serveQuietly();
  {
    await using connection = await connectTo(server);
    assert.equal(server.clients.size, 1);
    assert(connection);
  }
  assert.equal(server.clients.size, 0);
});

Deno.test("no listener is called after Connection.close()", async () => {
  const timers: ReturnType<typeof setInterval>[] = [];
  await using server = fakeServer((socket, { id }) => {
    if (id !== 0) return;
    socket.send(successFrame(0, null));
    const message = { message: "news", data: {}, id: 1, replying: null };
    // This server ignores the goodbye.
    timers.push(
      setInterval(
        () => socket.send(successFrame(null, "s_newmsg", message)),
        1,
      ),
    );
    socket.onclose = () => timers.forEach((timer) => clearInterval(timer));
  });
  const connection = await connect("test", { url: server.url });
  const first = Promise.withResolvers<void>();
  let calls = 0;
  connection.receive(() => {
    calls++;
    first.resolve();
  });
  await first.promise;
  const closing = connection.close();
  const before = calls;
  await closing;
  assert.equal(calls, before);
});

Deno.test("the server answers a goodbye with close code 1000", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  await using client = await RawClient.logIn(server);
  client.send({ id: null, end: true });
  assert.deepEqual(await client.closed, { code: 1000, reason: "goodbye" });
  await logger.line(
    /^info disconnect: 127\.0\.0\.1:\d+ disconnected: closed by the client$/,
  );
});
