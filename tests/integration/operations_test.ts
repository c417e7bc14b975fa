import assert from "node:assert/strict";
import { LogRecorder } from "../support/log_recorder.ts";
import {
  message,
  operation,
  RawClient,
  SUCCESS,
} from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

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
    ["NaN", NaN, null],
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
    /operation "who" as it exists already/,
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

Deno.test("an invalid request does not affect the connection or other requests", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  server.operation("slow", () => opened);
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "slow"));
  for (
    const [frame, id, code] of [
      [{ id: 2, action: "fly", data: {} }, 2, 8],
      [{ id: 3, action: "message", data: { message: 1, data: {} } }, 3, 2],
      [{ id: 4, action: "operation", data: [] }, 4, 2],
      [{ id: "5", action: "message", data: {} }, null, 2],
      [{ id: 0, token: "test", version: "1.0.0" }, 0, 2],
      [{}, null, 2],
    ] as const
  ) {
    client.send(frame);
    const answer = await client.next();
    assert.deepEqual([answer.id, answer.code], [id, code]);
  }
  open();
  assert.deepEqual((await client.next()).data, { result: null });
});

for (
  const [what, frame, code] of [
    ["no JSON", "{", 1],
    ["nothing", "", 1],
    ["binary", new Uint8Array([123, 125]), 1],
    ["an array", "[]", 2],
    ["null", "null", 2],
    ["a number", "1", 2],
  ] as const
) {
  Deno.test(`a frame that is ${what} is answered and closes the connection`, async () => {
    await using server = serveQuietly();
    await using other = await RawClient.logIn(server);
    await using client = await RawClient.logIn(server);
    client.send(frame);
    const answer = await client.next();
    assert.deepEqual([answer.code, answer.id], [code, null]);
    assert.equal((await client.closed).code, 1003);
    other.send(message(1, "undisturbed"));
    assert.equal((await other.next()).message, "open");
  });
}

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

Deno.test("names and keys of Object.prototype are ordinary data", async () => {
  await using server = serveQuietly();
  const seen: unknown[] = [];
  for (const name of ["__proto__", "constructor", "toString"]) {
    server.receive(
      name,
      ({ data }) => void seen.push([name, Object.entries(data)]),
    );
  }
  server.operation("__proto__", (data) => data);
  await using client = await RawClient.logIn(server);
  const data = '{"__proto__":{"polluted":1},"constructor":2,"toString":3}';
  for (const name of ["__proto__", "constructor", "toString"]) {
    client.send(
      `{"id":1,"action":"message","data":{"message":"${name}","data":${data},"replying":null}}`,
    );
    await client.next();
    await client.next();
    const entries = [["__proto__", { polluted: 1 }], ["constructor", 2], [
      "toString",
      3,
    ]];
    assert.deepEqual(seen.pop(), [name, entries]);
  }
  client.send(
    `{"id":2,"action":"operation","data":{"operation":"__proto__","data":${data}}}`,
  );
  assert.equal(JSON.stringify((await client.next()).data.result), data);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

Deno.test("message ids are unique in a server", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => void message.reply("hi"));
  await using one = await RawClient.logIn(server);
  await using two = await RawClient.logIn(server);
  const ids: number[] = [];
  for (const client of [one, two, one]) {
    client.send(message(1, "hello"));
    for (const _ of ["open", "newmsg"]) ids.push((await client.next()).data.id);
    await client.next();
  }
  await server.broadcast("news");
  ids.push((await one.next()).data.id);
  assert.equal(new Set(ids).size, 7);
});
