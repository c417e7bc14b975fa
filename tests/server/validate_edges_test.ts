import assert from "node:assert/strict";
import { z } from "zod";
import { defineContract } from "../../contract/define.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";

const CONTRACT = defineContract({
  messages: { count: z.object({ n: z.number() }) },
  events: { ask: { replies: { count: z.object({}) } } },
});

Deno.test("a client does not choose the schema of a message by what it claims to reply to", async () => {
  await using server = serveQuietly({ contract: CONTRACT as never });
  const seen: unknown[] = [];
  server.receive("count", ({ data }) => void seen.push(data));
  await using client = await RawClient.logIn(server);
  // Nobody has asked anything.
  const claimed = { message: "ask", data: {}, id: 99, replying: null };
  client.send(message(1, "count", { n: "no number" }, claimed));
  await client.take(2);
  assert.deepEqual(seen, []);
});

Deno.test("the log holds no secret that a client sends as a key", async () => {
  const logger = new LogRecorder();
  const token = "a-token-that-nobody-may-see";
  await using server = serveQuietly({
    logger,
    tokens: [{ name: "ada", token }],
  });
  const schema = z.record(z.string(), z.number());
  server.receive("hello", schema, () => {});
  await using client = await RawClient.logIn(server);
  client.send(message(1, "hello", { [token]: "mine" }));
  await logger.line(/^warn error: .*does not match its schema/);
  assert.deepEqual(logger.lines.filter((line) => line.includes(token)), []);
});
