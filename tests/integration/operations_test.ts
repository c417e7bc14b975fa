import assert from "node:assert/strict";
import { ResponseError, TimeoutError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { operation, RawClient, SUCCESS } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate, pause } from "../support/timing.ts";

Deno.test("an operation is answered with the frame of the protocol", async () => {
  await using server = serveQuietly();
  server.operation("add", ({ a, b }) => Number(a) + Number(b));
  await using client = await RawClient.logIn(server);
  client.send(operation(2, "add", { a: 1, b: 2 }));
  assert.deepEqual(await client.next(), {
    ...SUCCESS,
    id: 2,
    data: { result: 3 },
  });
});

for (
  const [what, value, result] of [
    ["undefined", undefined, null],
    ["null", null, null],
    ["false", false, false],
    ["a promise", Promise.resolve([1, "two"]), [1, "two"]],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
  ] as const
) {
  Deno.test(`an operation can return ${what}`, async () => {
    await using server = serveQuietly();
    server.operation("value", () => value);
    await using client = await RawClient.logIn(server);
    client.send(operation(1, "value"));
    assert.deepEqual((await client.next()).data, { result });
  });
}

for (
  const [what, make] of [
    ["a bigint", () => 1n],
    ["a function", () => () => {}],
    ["NaN", () => NaN],
    ["an array with a Map", () => [new Map()]],
    ["a symbol", () => Symbol("no")],
    ["what throws in toJSON", () => ({
      toJSON() {
        throw new Error("no");
      },
    })],
    ["a rejection", () => Promise.reject(new Error("no"))],
    ["a rejection with nothing", () => Promise.reject()],
  ] as const
) {
  Deno.test(`an operation that returns ${what} fails with code 6 and is logged`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    server.operation("odd", make);
    await using client = await RawClient.logIn(server);
    client.send(operation(7, "odd"));
    const { code, id } = await client.next();
    assert.deepEqual([code, id], [6, 7]);
    await logger.line(
      /^error error: 127\.0\.0\.1:\d+: operation "odd" failed\n/,
    );
  });
}

Deno.test("a server without registered operations answers code 5 to every name", async () => {
  await using server = serveQuietly();
  await using client = await RawClient.logIn(server);
  const names = [
    "print",
    "read",
    "get",
    "__proto__",
    "constructor",
    "toString",
    "",
  ];
  for (const [id, name] of names.entries()) {
    client.send(operation(id, name, { path: "/etc/passwd" }));
    assert.deepEqual(await client.next(), {
      ...SUCCESS,
      success: false,
      error: "UNKNOWN_OPERATION",
      code: 5,
      message: "Operation not found.",
      id,
    });
  }
});

Deno.test("an operation handler receives the client and can be removed", async () => {
  await using server = serveQuietly();
  const registered = server.operation("who", (_data, { client }) => client.id);
  assert.throws(
    () => server.operation("who", () => 1),
    /operation "who": it already exists\. /,
  );
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "who"));
  assert.deepEqual((await client.next()).data, {
    result: [...server.clients][0]?.id,
  });
  registered[Symbol.dispose]();
  client.send(operation(2, "who"));
  assert.equal((await client.next()).code, 5);
});

Deno.test("operations of one client run concurrently and are answered by id", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  server.operation("slow", () => opened.then(() => "slow"));
  server.operation("fast", () => "fast");
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "slow"));
  client.send(operation(2, "fast"));
  const first = await client.next();
  assert.deepEqual([first.id, first.data.result], [2, "fast"]);
  open();
  const second = await client.next();
  assert.deepEqual([second.id, second.data.result], [1, "slow"]);
});

Deno.test("Connection.operation() resolves to the result", async () => {
  await using server = serveQuietly();
  server.operation("echo", (data) => data.value);
  await using connection = await connectTo(server);
  for (const value of [3, "text", null, false, [1, { a: null }], { b: [] }]) {
    assert.deepEqual(await connection.operation("echo", { value }), value);
  }
  assert.equal(await connection.operation("echo"), null);
});

Deno.test("concurrent operations each get their own result", async () => {
  await using server = serveQuietly();
  server.operation("square", async ({ n }) => {
    await pause(Number(n) % 7);
    return Number(n) ** 2;
  });
  await using connection = await connectTo(server);
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  const results = await Promise.all(
    numbers.map((n) => connection.operation("square", { n })),
  );
  assert.deepEqual(results, numbers.map((n) => n ** 2));
});

Deno.test("a failed operation rejects with the code, name and details of the error", async () => {
  await using server = serveQuietly({ exposeErrors: true });
  server.operation("fail", () => {
    throw new RangeError("too much");
  });
  await using connection = await connectTo(server);
  const error = await rejection(connection.operation("fail"));
  assert(error instanceof ResponseError);
  assert.deepEqual([error.code, error.error], [6, "SERVER_ERROR"]);
  assert.deepEqual(error.data, { message: "too much", exc: "RangeError" });
  assert.equal(
    error.message,
    'Cannot finish operation "fail": the server answered SERVER_ERROR: RangeError: too much. See the log of the server.',
  );
  const unknown = await rejection(connection.operation("fly"));
  assert.equal(
    unknown.message,
    'Cannot finish operation "fly": the server answered UNKNOWN_OPERATION: Operation not found. Check the spelling, or register the operation on the server.',
  );
});

Deno.test("a request times out without affecting other requests", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  const finish = Promise.withResolvers<void>();
  server.operation("slow", () => finish.promise);
  server.receive("slow", () => finish.promise);
  await using connection = await connectTo(server);
  const other = connection.operation("slow");
  const error = await rejection(
    connection.operation("slow", {}, { timeout: 10 }),
  );
  assert(error instanceof TimeoutError);
  assert.equal(
    error.message,
    `Cannot finish operation "slow": no response within 10 ms. Raise 'timeout' to wait longer.`,
  );
  const late = await rejection(
    connection.message("slow", {}, { timeout: 10 }),
  );
  assert.equal(
    late.message,
    `Cannot finish message "slow": no response within 10 ms. Raise 'timeout' to wait longer.`,
  );
  finish.resolve();
  assert.equal(await other, null);
  await assert.rejects(connection.operation("slow", {}, { timeout: -1 }), {
    name: "RangeError",
    message:
      "Cannot call the operation: 'timeout' must be a number of milliseconds from 0 to 2147483647, or Infinity. It is -1.",
  });
  assert.equal(
    await connection.operation("slow", {}, { timeout: Infinity }),
    null,
  );
});

Deno.test("a request rejects when its signal aborts", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  server.operation("never", () => new Promise(() => {}));
  await using connection = await connectTo(server);
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = rejection(connection.operation("never", {}, { signal }));
  const reason = new Error("cancelled");
  controller.abort(reason);
  assert.equal(await waiting, reason);
  assert.equal(
    await rejection(connection.message("x", {}, { signal })),
    reason,
  );
});

Deno.test("a request with an aborted signal or an invalid timeout is not sent", async () => {
  await using server = serveQuietly();
  let calls = 0;
  server.operation("count", () => ++calls);
  await using connection = await connectTo(server);
  for (const options of [{ signal: AbortSignal.abort() }, { timeout: -1 }]) {
    await rejection(connection.operation("count", {}, options));
  }
  assert.equal(await connection.operation("count"), 1);
});
