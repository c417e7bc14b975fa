/** Several listeners to one name with different schemas. */

import assert from "node:assert/strict";
import { z } from "zod";
import type { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

const NUMBER = z.object({ value: z.number() });
const STRING = z.object({ value: z.string() });
const LATER = z.object({
  value: z.string().refine((value) => Promise.resolve(value !== "")),
});

/** Adds a listener for each schema to "hello"; returns who was called. */
function listen(server: Server, schemas: readonly typeof NUMBER[]) {
  const called: number[] = [];
  schemas.forEach((schema, n) =>
    server.receive("hello", schema, () => void called.push(n))
  );
  return called;
}

for (
  const [what, schemas, value, expected] of [
    ["the first", [NUMBER, STRING], 1, [0]],
    ["the second", [NUMBER, STRING], "x", [1]],
    ["the ones with an asynchronous schema", [LATER, NUMBER, LATER], "x", [
      0,
      2,
    ]],
    ["both", [STRING, STRING], "x", [0, 1]],
  ] as const
) {
  Deno.test(`of several listeners to a name, ${what} whose schema matches are called without an error`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    const called = listen(server, schemas as never);
    await using connection = await connectTo(server);
    await connection.message("hello", { value });
    assert.deepEqual(called, expected);
    assert(!logger.lines.some((line) => line.startsWith("warn")));
  });
}

Deno.test("a message gets an error if no listener to its name accepts it", async () => {
  await using server = serveQuietly();
  const called = listen(server, [NUMBER, STRING as never, LATER as never]);
  let all = 0;
  server.receive(() => void all++);
  await using connection = await connectTo(server);
  const sent = connection.message("hello", { value: true });
  await assert.rejects(sent, { name: "ResponseError", code: 2 });
  // A listener to all messages does not accept a message for the listeners to its name.
  assert.deepEqual([called, all], [[], 1]);
});

Deno.test("a listener without a schema accepts a message that no schema matches", async () => {
  await using server = serveQuietly();
  const called = listen(server, [NUMBER]);
  server.receive("hello", () => void called.push(9));
  await using connection = await connectTo(server);
  await connection.message("hello", { value: true });
  assert.deepEqual(called, [9]);
});

Deno.test("the error of a listener is reported although the schema of another one does not match", async () => {
  await using server = serveQuietly();
  listen(server, [NUMBER]);
  server.receive("hello", STRING, () => {
    throw new Error("broken");
  });
  await using connection = await connectTo(server);
  const sent = connection.message("hello", { value: "x" });
  await assert.rejects(sent, { name: "ResponseError", code: 6 });
});
