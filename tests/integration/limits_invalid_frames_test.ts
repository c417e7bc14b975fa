/** The budget for invalid frames, and large batches beside other clients. */

import assert from "node:assert/strict";
import { LogRecorder } from "../support/log_recorder.ts";
import { operation, RawClient } from "../support/raw_client.ts";
import { codes, serveEcho } from "../support/limits.ts";
import { logInSocket } from "../support/server_connection.ts";
import { pause } from "../support/timing.ts";

/** The number of invalid frames that a client can send at once. */
const BUDGET = 100;

const CLOSED = { code: 1008, reason: "too many invalid frames" };

const INVALID: Readonly<Record<string, unknown>> = {
  "without any key": {},
  "with an unknown action": { id: 1, action: "fly", data: {} },
  "with wrong data": { id: 1, action: "message", data: { message: 1 } },
};

for (const batch of [false, true]) {
  const how = batch ? "in one batch" : "in separate frames";
  const features = batch ? ["batch"] : [];

  for (const [what, frame] of Object.entries(INVALID)) {
    Deno.test(`a client that sends many frames ${what} is closed, ${how}`, async () => {
      const logger = new LogRecorder();
      await using server = serveEcho({}, { logger });
      await using client = await RawClient.logIn(server, features);
      const frames = Array(500).fill(frame);
      if (batch) client.send(frames);
      else for (const each of frames) client.send(each);
      assert.deepEqual(await client.closed, CLOSED);
      await logger.line(
        /^info disconnect: .* \(1008, too many invalid frames\)$/,
      );
    });
  }

  Deno.test(`a client can send some invalid frames, ${how}`, async () => {
    await using server = serveEcho({});
    await using client = await RawClient.logIn(server, features);
    const frames = [...Array(BUDGET).fill({}), operation(1, "echo")];
    if (batch) client.send(frames);
    else for (const each of frames) client.send(each);
    const answers = await client.take(BUDGET + 1);
    assert.deepEqual(codes(answers).at(-1), [1, 0]);
    // Ten more per second are accepted.
    await pause(250);
    for (const frame of [{}, {}, operation(2, "echo")]) client.send(frame);
    assert.deepEqual(codes(await client.take(3)).at(-1), [2, 0]);
  });
}

Deno.test("the server answers no more invalid frames than the budget allows", async () => {
  const { sent, socket } = await logInSocket(["batch"]);
  socket.receive(Array(20_000).fill({}));
  while (socket.closed.length === 0) await pause(1);
  const answers = sent.flatMap((frame) => JSON.parse(frame));
  assert(answers.length >= BUDGET && answers.length < 2 * BUDGET);
  assert(answers.every(({ code }) => code === 2));
});

Deno.test("requests that exceed maxDepth do not count as invalid frames", async () => {
  await using server = serveEcho({ maxDepth: 1 });
  await using client = await RawClient.logIn(server);
  for (let id = 1; id <= 300; id++) {
    client.send(operation(id, "echo", { a: [] }));
  }
  assert.equal(codes(await client.take(300)).at(-1)?.[1], 9);
  client.send(operation(301, "echo"));
  assert.equal((await client.next()).code, 0);
});

Deno.test("a large batch of one client does not delay other clients until its end", async () => {
  const first = await logInSocket(["batch"]);
  const { context } = first;
  const second = await logInSocket([], context);
  let handled = 0;
  context.registry.operation("count", () => ++handled, undefined);
  const batch = Array.from({ length: 1_000 }, (_, n) => operation(n, "count"));
  first.socket.receive(batch);
  assert(handled < batch.length);
  // The frame of the same client waits.
  first.socket.receive(operation(1_000, "count"));
  assert(handled < batch.length);
  second.socket.receive(operation(1, "count"));
  assert.equal(second.sent.length, 1);
  const { result } = JSON.parse(second.sent[0]!).data;
  while (handled < batch.length + 2) await pause(1);
  const results = first.sent.flatMap((frame) => JSON.parse(frame));
  const ids = results.map(({ id }) => id);
  assert.deepEqual(ids, [...Array(1_001).keys()]);
  assert(result < 200);
  first.client.close();
  second.client.close();
});

Deno.test("a connection that ends drops the rest of a batch and the frames after it", async () => {
  const { client, context, socket } = await logInSocket(["batch"]);
  let handled = 0;
  context.registry.operation("count", () => ++handled, undefined);
  socket.receive(Array.from({ length: 500 }, (_, n) => operation(n, "count")));
  socket.receive(operation(500, "count"));
  client.close();
  const before = handled;
  for (let n = 0; n < 20; n++) await pause(0);
  assert.equal(handled, before);
});
