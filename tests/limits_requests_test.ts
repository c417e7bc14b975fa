/** What one client may ask at once, in a row and how deep. */

import assert from "node:assert/strict";
import type { Limits } from "../limits.ts";
import type { ServeOptions } from "../serve.ts";
import type { Server } from "../server.ts";
import {
  connectTo,
  gate,
  message,
  operation,
  RawClient,
  Recorder,
  serveQuietly,
} from "./helpers.ts";

/** A server whose operation `echo` returns what it gets. */
function serveEcho(limits: Limits, options: ServeOptions = {}): Server {
  const server = serveQuietly({ limits, ...options });
  server.operation("echo", (data) => data);
  return server;
}

/** Asks for `echo` so many times, in one frame if the client takes batches. */
function echoes(first: number, count: number): unknown[] {
  return Array.from({ length: count }, (_, n) => operation(first + n, "echo"));
}

/** Sends requests in one frame or each in its own. */
function sendAll(client: RawClient, requests: unknown[], batch: boolean): void {
  if (batch) client.send(requests);
  else for (const request of requests) client.send(request);
}

/** The error of a request that goes beyond a limit. */
function exceeded(id: number, limit: keyof Limits, value: number) {
  return {
    success: false,
    data: { limit, value },
    error: "LIMIT_EXCEEDED",
    code: 9,
    message: "Limit of the server was exceeded.",
    id,
  };
}

/** Asserts that an answer is that error, with a description in words. */
function assertExceeded(
  answer: { desc: string },
  id: number,
  limit: keyof Limits,
  value: number,
): void {
  const { desc, ...rest } = answer;
  assert.deepEqual(rest, exceeded(id, limit, value));
  assert.match(desc, /^[a-z"].*[^.]$/);
}

/** The code of each answer by its id. */
function codes(answers: { id: number; code: number }[]): number[][] {
  return answers.map(({ id, code }) => [id, code]).toSorted((one, other) =>
    one[0]! - other[0]!
  );
}

/** Asserts that so many lines of the log name the limit, and that none has the token. */
function assertLogged(logger: Recorder, limit: string, count = 1): void {
  const lines = logger.lines.filter((line) => line.includes(limit));
  assert.equal(lines.length, count);
  for (const line of lines) assert.match(line, /^warn .*127\.0\.0\.1:\d+/);
  assert(!logger.lines.slice(1).some((line) => line.includes("test")));
}

for (const batch of [false, true]) {
  const how = batch ? "in one batch" : "in frames of their own";
  const features = batch ? ["batch"] : [];

  Deno.test(`maxPending: so many are under way, and one more is refused, ${how}`, async () => {
    const { opened, open } = gate();
    const logger = new Recorder();
    await using server = serveEcho({ maxPending: 2 }, { logger });
    server.operation("wait", () => opened.then(() => "done"));
    await using client = await RawClient.logIn(server, features);
    await using other = await RawClient.logIn(server);
    const requests = [1, 2, 3].map((id) => operation(id, "wait"));
    sendAll(client, requests, batch);
    assertExceeded((await client.take(1))[0], 3, "maxPending", 2);
    assertLogged(logger, "maxPending");
    // Another client has its own.
    other.send(operation(1, "echo"));
    assert.equal((await other.next()).code, 0);
    open();
    assert.deepEqual(codes(await client.take(2)), [[1, 0], [2, 0]]);
    sendAll(client, echoes(4, 2), batch);
    assert.deepEqual(codes(await client.take(2)), [[4, 0], [5, 0]]);
  });

  Deno.test(`maxPending: messages count as well, ${how}`, async () => {
    const { opened, open } = gate();
    await using server = serveEcho({ maxPending: 1 });
    server.receive("wait", () => opened);
    await using client = await RawClient.logIn(server, [
      ...features,
      "done-id",
    ]);
    sendAll(client, [message(1, "wait"), operation(2, "echo")], batch);
    assertExceeded((await client.take(1))[0], 2, "maxPending", 1);
    open();
    assert.equal((await client.take(1))[0].message, "done");
  });

  // The rate is too low for anything to come back while the test runs.
  Deno.test(`maxRate: a burst is answered, what is beyond it refused, ${how}`, async () => {
    const logger = new Recorder();
    const limits = { maxRate: 0.001, maxBurst: 3 };
    await using server = serveEcho(limits, { logger });
    await using client = await RawClient.logIn(server, features);
    await using other = await RawClient.logIn(server);
    sendAll(client, echoes(1, 5), batch);
    const answers = await client.take(5);
    assert.deepEqual(codes(answers), [[1, 0], [2, 0], [3, 0], [4, 9], [5, 9]]);
    const last = answers.find(({ id }) => id === 5);
    assertExceeded(last, 5, "maxRate", 0.001);
    assertLogged(logger, "maxRate", 2);
    other.send(operation(1, "echo"));
    assert.equal((await other.next()).code, 0);
    assert.equal(server.clients.size, 2);
  });

  Deno.test(`maxRate: who goes on until twice the burst is used is closed, ${how}`, async () => {
    const called: number[] = [];
    await using server = serveEcho({ maxRate: 0.001, maxBurst: 3 });
    server.operation("count", () => called.push(1));
    await using client = await RawClient.logIn(server, features);
    const requests = Array.from(
      { length: 8 },
      (_, n) => operation(n + 1, "count"),
    );
    sendAll(client, requests, batch);
    assert.deepEqual(await client.closed, {
      code: 1008,
      reason: "too many messages",
    });
    assert.equal(called.length, 3);
    assert.equal(server.clients.size, 0);
  });

  Deno.test(`maxRate: what is invalid counts, ${how}`, async () => {
    await using server = serveEcho({ maxRate: 0.001, maxBurst: 2 });
    await using client = await RawClient.logIn(server, features);
    const requests = [{ id: 1 }, { id: 2, action: "fly", data: {} }];
    sendAll(client, [...requests, operation(3, "echo")], batch);
    const answers = await client.take(3);
    assert.deepEqual(codes(answers), [[1, 2], [2, 8], [3, 9]]);
  });

  Deno.test(`maxDepth: a payload that deep is taken, a deeper one refused, ${how}`, async () => {
    const logger = new Recorder();
    await using server = serveEcho({ maxDepth: 3 }, { logger });
    await using client = await RawClient.logIn(server, features);
    const requests = [
      operation(1, "echo", { a: { b: [] } }),
      operation(2, "echo", { a: { b: [[]] } }),
      operation(3, "echo", { a: { b: [1, "x", null, {}] }, c: 1 }),
      operation(4, "echo", { a: 1, b: [], c: [[1]] }),
    ];
    sendAll(client, requests, batch);
    const answers = await client.take(4);
    assert.deepEqual(codes(answers), [[1, 0], [2, 9], [3, 9], [4, 0]]);
    const refused = answers.find(({ id }) => id === 2);
    assertExceeded(refused, 2, "maxDepth", 3);
    assertLogged(logger, "maxDepth", 2);
  });
}

Deno.test("maxPending: a call that is answered at once is never under way with another", async () => {
  await using server = serveEcho({ maxPending: 1 });
  await using client = await RawClient.logIn(server, ["batch"]);
  client.send(echoes(1, 50));
  const answers = await client.take(50);
  assert.deepEqual(new Set(answers.map(({ code }) => code)), new Set([0]));
});

Deno.test("maxPending: what is refused is not under way", async () => {
  const { opened, open } = gate();
  await using server = serveEcho({ maxPending: 1 });
  server.operation("wait", () => opened);
  await using client = await RawClient.logIn(server);
  for (const id of [1, 2, 3, 4]) client.send(operation(id, "wait"));
  const refused = await client.take(3);
  assert.deepEqual(codes(refused), [[2, 9], [3, 9], [4, 9]]);
  open();
  assert.equal((await client.next()).id, 1);
  client.send(operation(5, "echo"));
  assert.deepEqual(codes(await client.take(1)), [[5, 0]]);
});

Deno.test("maxRate: a goodbye is always heard", async () => {
  await using server = serveEcho({ maxRate: 0.001, maxBurst: 2 });
  await using client = await RawClient.logIn(server);
  for (const request of echoes(1, 3)) client.send(request);
  client.send({ id: null, end: true });
  assert.equal((await client.closed).code, 1000);
});

Deno.test("maxRate: our own client is told as a ResponseError", async () => {
  await using server = serveEcho({ maxRate: 0.001, maxBurst: 2 });
  await using connection = await connectTo(server);
  await connection.operation("echo");
  await connection.operation("echo");
  const error = await connection.operation("echo").catch((error) => error);
  assert.deepEqual([error.name, error.code, error.error], [
    "ResponseError",
    9,
    "LIMIT_EXCEEDED",
  ]);
  assert.deepEqual(error.data, { limit: "maxRate", value: 0.001 });
});

/** A message object that replies to another, and so on, `length` of them. */
function chain(length: number, data: unknown = {}): unknown {
  let replying: unknown = null;
  for (let id = 1; id <= length; id++) {
    replying = { message: "hi", data, id, replying };
  }
  return replying;
}

for (
  const [what, replying, code] of [
    ["a chain of 3 messages", chain(3), 0],
    ["a chain of 4 messages", chain(4), 9],
    ["a message whose data is 3 deep", chain(1, { a: { b: [] } }), 0],
    ["a message whose data is 4 deep", chain(1, { a: { b: [[]] } }), 9],
  ] as const
) {
  Deno.test(`maxDepth: 3 and a reply to ${what} make code ${code}`, async () => {
    await using server = serveEcho({ maxDepth: 3 });
    await using client = await RawClient.logIn(server, ["done-id"]);
    client.send(message(1, "hello", {}, replying));
    assert.deepEqual(codes([await client.next()]), [[1, code]]);
    client.send(message(2, "hello", {}));
    assert.deepEqual(codes([await client.next()]), [[2, 0]]);
  });
}

/** Data that is as deep as that, as JSON text: no value to make a text of. */
function deepEcho(id: number, depth: number): string {
  const data = `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  return `{"id":${id},"action":"operation","data":{"operation":"echo","data":${data}}}`;
}

for (const [depth, code] of [[64, 0], [65, 9], [30_000, 9]] as const) {
  Deno.test(`maxDepth: ${depth} is answered with ${code} if nothing else is said`, async () => {
    await using server = serveEcho({}, { logLevel: "debug" });
    await using client = await RawClient.logIn(server);
    client.send(deepEcho(1, depth));
    assert.equal((await client.next()).code, code);
    client.send(operation(2, "echo"));
    assert.equal((await client.next()).code, 0);
  });
}

for (
  const { limit, limits, request, count } of [
    {
      limit: "maxPending",
      limits: {},
      request: operation(1, "wait"),
      count: 1_100,
    },
    {
      limit: "maxRate",
      limits: { maxBurst: 1 },
      request: operation(1, "echo"),
      count: 5,
    },
    {
      limit: "maxBurst",
      limits: { maxRate: 0.001 },
      request: operation(1, "echo"),
      count: 5,
    },
    { limit: "maxDepth", limits: {}, request: deepEcho(1, 500), count: 1 },
  ]
) {
  Deno.test(`${limit}: Infinity switches it off`, async () => {
    const { opened, open } = gate();
    await using server = serveEcho({ ...limits, [limit]: Infinity });
    server.operation("wait", () => opened);
    await using client = await RawClient.logIn(server);
    for (let sent = 0; sent < count; sent++) client.send(request);
    // What is refused is so before this one is answered.
    client.send(operation(2, "echo"));
    assert.deepEqual((await client.take(1)).map(({ code }) => code), [0]);
    open();
    const answers = await client.take(count);
    assert(answers.every(({ code }) => code === 0));
  });
}
