/** The limit of nesting, and the value `Infinity` of each limit of requests. */

import assert from "node:assert/strict";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { gate } from "../support/timing.ts";
import {
  assertExceeded,
  assertLogged,
  codes,
  serveEcho,
} from "../support/limits.ts";

for (const batch of [false, true]) {
  const how = batch ? "in one batch" : "in separate frames";
  const features = batch ? ["batch"] : [];

  Deno.test(`maxDepth: a payload beyond the limit is rejected, ${how}`, async () => {
    const logger = new LogRecorder();
    await using server = serveEcho({ maxDepth: 3 }, { logger });
    await using client = await RawClient.logIn(server, features);
    const requests = [
      operation(1, "echo", { a: { b: [] } }),
      operation(2, "echo", { a: { b: [[]] } }),
      operation(3, "echo", { a: { b: [1, "x", null, {}] }, c: 1 }),
      operation(4, "echo", { a: 1, b: [], c: [[1]] }),
    ];
    for (const frame of batch ? [requests] : requests) client.send(frame);
    const answers = await client.take(4);
    assert.deepEqual(codes(answers), [[1, 0], [2, 9], [3, 9], [4, 0]]);
    const refused = answers.find(({ id }) => id === 2);
    assertExceeded(refused, 2, "maxDepth", 3);
    assertLogged(logger, "maxDepth", 2);
  });
}

/** Returns a message that replies to a message, and so on, `length` levels deep. */
function replyChain(length: number, data: unknown = {}): unknown {
  let replying: unknown = null;
  for (let id = 1; id <= length; id++) {
    replying = { message: "hi", data, id, replying };
  }
  return replying;
}

for (
  const [what, replying, code] of [
    ["a chain of 3 messages", replyChain(3), 0],
    ["a chain of 4 messages", replyChain(4), 9],
    ["a message whose data is 3 deep", replyChain(1, { a: { b: [] } }), 0],
    [
      "a message whose data is 4 deep",
      replyChain(1, { a: { b: [[]] } }),
      9,
    ],
  ] as const
) {
  Deno.test(`maxDepth: 3 answers a reply to ${what} with code ${code}`, async () => {
    await using server = serveEcho({ maxDepth: 3 });
    await using client = await RawClient.logIn(server, ["done-id"]);
    client.send(message(1, "hello", {}, replying));
    assert.deepEqual(codes([await client.next()]), [[1, code]]);
    client.send(message(2, "hello", {}));
    assert.deepEqual(codes([await client.next()]), [[2, 0]]);
  });
}

/** Returns a request with deeply nested data. It is built as a string because JSON.stringify would overflow the stack. */
function deepEcho(id: number, depth: number): string {
  const data = `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  return `{"id":${id},"action":"operation","data":{"operation":"echo","data":${data}}}`;
}

for (const [depth, code] of [[64, 0], [65, 9], [30_000, 9]] as const) {
  Deno.test(`maxDepth: by default a depth of ${depth} is answered with code ${code}`, async () => {
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
  Deno.test(`${limit}: Infinity removes the limit`, async () => {
    const { opened, open } = gate();
    await using server = serveEcho({ ...limits, [limit]: Infinity });
    server.operation("wait", () => opened);
    await using client = await RawClient.logIn(server);
    for (let sent = 0; sent < count; sent++) client.send(request);
    // A rejected request would be answered before this one.
    client.send(operation(2, "echo"));
    assert.deepEqual((await client.take(1)).map(({ code }) => code), [0]);
    open();
    const answers = await client.take(count);
    assert(answers.every(({ code }) => code === 0));
  });
}
