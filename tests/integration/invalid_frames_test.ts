/** Invalid frames: how the server answers them, and how the client ignores them. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { fakeServer, successFrame } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

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

Deno.test("the client ignores an invalid frame and logs a warning", async () => {
  await using server = fakeServer((socket, { id, action }) => {
    if (action === undefined) return socket.send(successFrame(0, null));
    for (
      const frame of [
        "{",
        "[]",
        "{}",
        '{"success":true,"id":1,"message":"open"}',
      ]
    ) {
      socket.send(frame);
    }
    socket.send(new Uint8Array([1]));
    socket.send(successFrame(99, "done"));
    socket.send(successFrame(id as number, null, { result: "fine" }));
  });
  const logger = new LogRecorder();
  await using connection = await connect("test", { url: server.url, logger });
  assert.equal(await connection.operation("any"), "fine");
  const warning =
    `warn receive: ${server.url}: ignored a frame that is not of Hoist 1`;
  assert.deepEqual(logger.lines, Array(5).fill(warning));
});
