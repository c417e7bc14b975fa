/** Replies to messages that are too large to be sent back: a reply contains its message. */

import assert from "node:assert/strict";
import type { ClientMessage } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";

const MAX = 4_194_304;

const LIMITS = { maxPayload: 1_048_576, maxBuffered: MAX };

/** Returns a message whose numbers need four times as many bytes when they are encoded. */
function growing(id: number): string {
  const frame = JSON.stringify(message(id, "echo", { list: [] }));
  const list = Array.from({ length: 200_000 }, () => "1e20").join();
  return frame.replace('"list":[]', `"list":[${list}]`);
}

Deno.test("a message that does not fit into its own reply exceeds a limit", async () => {
  assert(growing(1).length < LIMITS.maxPayload);
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, limits: LIMITS });
  server.receive("echo", (message) => {
    message.reply("one", {});
    message.reply("two", {});
  });
  await using client = await RawClient.logIn(server);
  client.send(growing(1));
  const [open, answer] = await client.take(2);
  assert.equal(open.message, "open");
  assert.deepEqual([answer.id, answer.code], [1, 9]);
  assert.deepEqual(answer.data, { limit: "maxBuffered", value: MAX });
  assert.match(answer.desc, /^the replies to the message would be larger/);
  const lines = logger.lines.filter((line) => /^(warn|error)/.test(line));
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0]!, /^warn reject: .*"echo": the replies to the message/);
  client.send(message(2, "echo"));
  const answers = await client.take(4);
  assert.deepEqual(answers.map((frame) => frame.code), [0, 0, 0, 0]);
});

Deno.test("a late reply to a message that does not fit into it does not throw", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, limits: LIMITS });
  const { promise, resolve } = Promise.withResolvers<ClientMessage>();
  server.receive("echo", resolve);
  await using client = await RawClient.logIn(server);
  client.send(growing(1));
  const [, done] = await client.take(2);
  assert.equal(done.message, "done");
  // For example in the callback of a timer, an exception would end the program.
  const late = (await promise).reply("late", { n: 1 });
  assert.deepEqual([late.name, late.data], ["late", { n: 1 }]);
  await logger.line(/^warn reject: .*"echo": the replies to the message/);
});

Deno.test("a message that does not fit into its own reply is encoded for one of its replies", async () => {
  await using server = serveQuietly({ limits: LIMITS });
  let encoded = 0;
  const data = {
    toJSON() {
      encoded++;
      return {};
    },
  };
  const counts = new Set<number>();
  server.receive("echo", (message) => {
    for (let n = 0; n < 3; n++) {
      message.reply("part", data as never);
      counts.add(encoded);
    }
  });
  await using client = await RawClient.logIn(server);
  client.send(growing(1));
  const [, answer] = await client.take(2);
  assert.equal(answer.code, 9);
  // Each further one would take as long as a message of 4 MiB.
  assert.equal(counts.size, 1);
});

Deno.test("no length of a message makes a late reply with short data throw", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, limits: { maxBuffered: 4_096 } });
  let received: ClientMessage | undefined;
  server.receive("say", (message) => void (received = message));
  let refused = 0;
  // With 100 characters, the reply exceeds the limit before the message alone does.
  for (let length = 3_600; length < 4_200; length += 50) {
    await using client = await RawClient.logIn(server);
    client.send(message(1, "say", { text: "x".repeat(length) }));
    const [, done] = await client.take(2);
    assert.equal(done.message, "done");
    const { data } = received!.reply("late", { text: "x".repeat(100) });
    assert.deepEqual(data, { text: "x".repeat(100) });
    const line = logger.lines.at(-1)!;
    if (line.includes("the replies to the message would be")) refused++;
  }
  assert(refused > 3 && refused < 12, `${refused}`);
});

Deno.test("a reply whose own data is too large throws", async () => {
  await using server = serveQuietly({ limits: LIMITS });
  const errors: unknown[] = [];
  server.receive("echo", (message) => {
    try {
      message.reply("one", { text: "x".repeat(MAX) });
    } catch (error) {
      errors.push(error);
    }
  });
  await using client = await RawClient.logIn(server);
  client.send(message(1, "echo"));
  const [, done] = await client.take(2);
  assert.equal(done.message, "done");
  assert.match(String(errors[0]), /^RangeError: Cannot send message "one"/);
});

Deno.test("an error of a listener goes before a reply that does not fit", async () => {
  await using server = serveQuietly({ limits: LIMITS });
  server.receive("echo", (message) => {
    message.reply("one", {});
    throw new Error("failed");
  });
  await using client = await RawClient.logIn(server);
  client.send(growing(1));
  const [, answer] = await client.take(2);
  assert.equal(answer.code, 6);
});
