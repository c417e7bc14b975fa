/** Values that JSON changes without an error are refused wherever an application sends data. */

import assert from "node:assert/strict";
import { rejectionOf } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

/** A forgotten `await`, a common mistake */
const DATA: Record<string, never> = {
  user: Promise.resolve("Ada") as never,
};

const REASON =
  /data cannot be encoded as JSON: data\.user is a Promise\. Await it\.$/;

async function assertRefused(attempt: () => unknown): Promise<void> {
  const { name, message } = await rejectionOf(attempt);
  assert.equal(name, "TypeError");
  assert.match(message, REASON);
}

Deno.test("the client refuses data that JSON changes in messages, requests, operations and streams", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  await assertRefused(() => connection.message("a", DATA));
  await assertRefused(() => connection.request("a", DATA));
  await assertRefused(() => connection.operation("a", DATA));
  await assertRefused(() => connection.stream("a", DATA));
});

Deno.test("the client refuses a reply that JSON changes", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  connection.receive("ask", (message) => {
    resolve(assertRefused(() => message.reply("a", DATA)));
  });
  server.receive("start", ({ client }) => void client.message("ask"));
  await connection.message("start");
  await promise;
});

Deno.test("the server refuses data that JSON changes in messages, requests, replies and broadcasts", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.receive("start", async (message) => {
    await assertRefused(() => message.reply("a", DATA));
    await assertRefused(() => message.client.message("a", DATA));
    await assertRefused(() => message.client.request("a", DATA));
    await assertRefused(() => server.broadcast("a", DATA));
    resolve();
  });
  await connection.message("start");
  await promise;
});

Deno.test("the server refuses a result and an item that JSON changes, and logs their places", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  server.operation("result", () => ({ rows: [new Map()] }));
  server.operation("items", async function* () {
    yield [1, NaN];
  });
  await using connection = await connectTo(server);
  await assert.rejects(connection.operation("result"), { code: 6 });
  await assert.rejects(connection.stream("items").next(), { code: 6 });
  const log = logger.lines.join("\n");
  assert.match(log, /: result\.rows\[0\] is a Map\. /);
  assert.match(log, /: item\[1\] is NaN\. /);
});
