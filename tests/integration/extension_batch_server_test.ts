/** Batches that the server receives and sends: docs/reference/protocol.md, "Extensions". */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import {
  message,
  operation,
  RawClient,
  SUCCESS,
} from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

const FEATURES = ["batch", "done-id"];

const GOODBYE = { id: null, end: true };

/** Starts a server that records the calls of its operation in order. */
function serveCalls(): { readonly server: Server; readonly calls: unknown[] } {
  const server = serveQuietly();
  const calls: unknown[] = [];
  server.operation("echo", ({ value }) => {
    calls.push(value);
    return value;
  });
  return { server, calls };
}

function echo(id: number, value: unknown = id) {
  return operation(id, "echo", { value });
}

function result(id: number, value: unknown = id) {
  return { ...SUCCESS, id, data: { result: value } };
}

for (
  const [features, data] of [
    [undefined, null],
    [[], { features: [] }],
    [["zip", 1, null], { features: [] }],
    [["batch"], { features: ["batch"] }],
    [["done-id", "batch", "zip"], { features: ["batch", "done-id"] }],
  ] as const
) {
  Deno.test(`a login with the features ${JSON.stringify(features)} gets the data ${JSON.stringify(data)}`, async () => {
    await using server = serveQuietly();
    await using client = await RawClient.open(server);
    client.send({ id: 0, token: "test", version: "1.0.0", features });
    assert.deepEqual(await client.next(), { ...SUCCESS, id: 0, data });
  });
}

Deno.test("a login whose features are not an array is rejected with code 2", async () => {
  await using server = serveQuietly();
  await using client = await RawClient.open(server);
  client.send({ id: 7, token: "test", version: "1.0.0", features: "batch" });
  const { id, code, desc } = await client.next();
  assert.deepEqual([id, code, desc], [
    7,
    2,
    '"features" must be an array, not a string',
  ]);
  assert.deepEqual(await client.closed, {
    code: 1008,
    reason: "login rejected",
  });
  assert.equal(server.clients.size, 0);
});

for (const features of [undefined, [], ["done-id"]]) {
  Deno.test(`a client with the features ${JSON.stringify(features)} gets single frames and cannot send a batch`, async () => {
    const { server, calls } = serveCalls();
    await using _server = server;
    await using client = await RawClient.logIn(server, features);
    for (const id of [1, 2, 3]) client.send(echo(id));
    for (const id of [1, 2, 3]) {
      assert.deepEqual(await client.next(), result(id));
    }
    await Promise.all(["a", "b", "c"].map((name) => server.broadcast(name)));
    for (const name of ["a", "b", "c"]) {
      assert.equal((await client.next()).data.message, name);
    }
    client.send([echo(4)]);
    const { id, code, desc } = await client.next();
    assert.deepEqual([id, code, desc], [
      null,
      2,
      "the frame must be an object, not an array",
    ]);
    assert.equal((await client.closed).code, 1003);
    assert.deepEqual(calls, [1, 2, 3]);
  });
}

Deno.test("a batch before or during the login is rejected", async () => {
  const { opened, open } = gate();
  await using server = serveQuietly({ login: () => opened.then(() => true) });
  const login = { id: 0, token: "test", version: "1.0.0", features: FEATURES };
  await using first = await RawClient.open(server);
  first.send([login]);
  await using second = await RawClient.open(server);
  second.send(login);
  second.send([message(1, "early")]);
  for (const client of [first, second]) {
    assert.deepEqual([(await client.next()).code], [2]);
    assert.equal((await client.closed).code, 1003);
  }
  open();
});

Deno.test("the requests of a batch are answered in one batch in order", async () => {
  const { server, calls } = serveCalls();
  await using _server = server;
  await using client = await RawClient.logIn(server, ["batch"]);
  client.send([echo(3), echo(1), echo(2)]);
  assert.deepEqual(await client.next(), [result(3), result(1), result(2)]);
  assert.deepEqual(calls, [3, 1, 2]);
  client.send(echo(4));
  assert.deepEqual(await client.next(), result(4));
  client.send([echo(5)]);
  assert.deepEqual(await client.next(), result(5));
});

Deno.test("a synchronous operation of a batch is answered before an async one", async () => {
  const { server } = serveCalls();
  await using _server = server;
  server.operation("later", () => Promise.resolve("later"));
  await using client = await RawClient.logIn(server, ["batch"]);
  client.send([operation(1, "later"), echo(2), operation(3, "later"), echo(4)]);
  assert.deepEqual((await client.take(4)).map(({ id }) => id), [2, 4, 1, 3]);
});

Deno.test("a batch of results has at most 16,384 bytes", async () => {
  const { server } = serveCalls();
  await using _server = server;
  await using client = await RawClient.logIn(server, ["batch"]);
  const overhead = JSON.stringify([result(1, ""), result(2, "")]).length;
  const fits = "x".repeat(16_384 - overhead);
  client.send([echo(1, ""), echo(2, fits)]);
  const full = await client.next();
  assert.equal(JSON.stringify(full).length, 16_384);
  client.send([echo(1, ""), echo(2, `${fits}x`), echo(3, ""), echo(4, "")]);
  assert.deepEqual(await client.next(), result(1, ""));
  assert.equal((await client.next()).id, 2);
  assert.deepEqual(await client.next(), [result(3, ""), result(4, "")]);
});

Deno.test("an invalid request of a batch does not affect the others", async () => {
  const { server, calls } = serveCalls();
  await using _server = server;
  await using client = await RawClient.logIn(server, ["batch"]);
  const broken = { id: 3, action: "message", data: { message: 1, data: {} } };
  const unknown = { id: 4, action: "fly", data: {} };
  client.send([echo(1), broken, {}, unknown, operation(5, "none"), echo(2)]);
  const answers = (await client.take(6)).map(({ id, code }) => [id, code]);
  assert.deepEqual(answers, [[1, 0], [3, 2], [null, 2], [4, 8], [5, 5], [
    2,
    0,
  ]]);
  client.send(echo(6));
  assert.deepEqual(await client.next(), result(6));
  assert.deepEqual(calls, [1, 2, 6]);
});

for (
  const [what, element] of [["a number", 1], ["null", null], ["an array", []]]
) {
  Deno.test(`${what} in a batch closes the connection after the requests before it`, async () => {
    const { server, calls } = serveCalls();
    await using _server = server;
    await using client = await RawClient.logIn(server, ["batch"]);
    client.send([echo(1), element, echo(2), GOODBYE]);
    const answers = (await client.take(2)).map(({ id, code }) => [id, code]);
    assert.deepEqual(answers, [[1, 0], [null, 2]]);
    assert.equal((await client.closed).code, 1003);
    assert.deepEqual(calls, [1]);
  });
}

Deno.test("an empty batch closes the connection", async () => {
  await using server = serveQuietly();
  await using client = await RawClient.logIn(server, ["batch"]);
  client.send([]);
  assert.equal((await client.next()).code, 2);
  assert.equal((await client.closed).code, 1003);
});

Deno.test("a goodbye at the end of a batch is handled after the requests before it", async () => {
  const { server, calls } = serveCalls();
  await using _server = server;
  await using client = await RawClient.logIn(server, ["batch"]);
  client.send([echo(1), echo(2), GOODBYE, echo(3), GOODBYE]);
  assert.deepEqual(await client.take(2), [result(1), result(2)]);
  assert.deepEqual(await client.closed, { code: 1000, reason: "goodbye" });
  assert.deepEqual(calls, [1, 2]);
});

Deno.test("a closing server handles only the goodbye of a batch", async () => {
  const { server, calls } = serveCalls();
  await using _server = server;
  const { opened, open } = gate();
  server.operation("close", () => void server.close());
  server.operation("slow", () => opened);
  await using client = await RawClient.logIn(server, ["batch"]);
  client.send([operation(1, "slow"), operation(2, "close"), echo(3)]);
  assert.equal((await client.next()).id, 2);
  client.send([echo(4), GOODBYE]);
  assert.deepEqual(await client.closed, { code: 1000, reason: "goodbye" });
  assert.deepEqual(calls, []);
  open();
});

Deno.test("debug lines show each frame of a batch and hide the token", async () => {
  const logger = new LogRecorder();
  const tokens = [{ name: "ci", token: "a-long-secret" }];
  await using server = serveQuietly({ logger, logLevel: "debug", tokens });
  await using client = await RawClient.logIn(server, ["batch"]);
  const requests = [
    operation(1, "one", { token: "x" }),
    operation(2, "a-long-secret"),
  ];
  client.send(requests);
  await client.next();
  const sent = logger.lines.filter((line) => /^debug send: /.test(line));
  assert.equal(sent.length, 3);
  const received = await logger.line(/^debug receive: .* \[/);
  assert.match(received, /"one","data":\{"token":"\[redacted\]"\}/);
  assert.doesNotMatch(received, /secret/);
});
