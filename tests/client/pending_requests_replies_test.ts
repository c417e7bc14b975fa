/** How many replies are kept. */

import assert from "node:assert/strict";
import { PendingRequests } from "../../client/pending_requests.ts";
import { BufferFullError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";

const MESSAGE = { message: "hi", data: {}, id: 1, replying: null };

/** Creates requests with a limit of 1,000 for their replies. */
function createPending() {
  const pending = new PendingRequests(1_000);
  const received: number[] = [];
  return {
    pending,
    received,
    add: (id: number, endsWithReply = false) =>
      pending.add(id, {
        name: String(id),
        describe: (name) => `message "${name}"`,
        encode: () => "",
        endsWithReply,
        events: { onReply: () => received.push(id) },
      }),
    reply: (id: number, units: number) =>
      pending.handle({ kind: "message", id, message: MESSAGE }, units),
  };
}

Deno.test("a message with too many replies rejects, and no other", async () => {
  const { pending, received, add, reply } = createPending();
  const rejected = rejection(add(1));
  const other = add(2);
  reply(1, 600);
  reply(2, 300);
  reply(2, 101);
  assert(await rejected instanceof BufferFullError);
  assert.equal(
    (await rejected).message,
    `Cannot finish message "1": the replies to the messages in progress have more than 1000 bytes, and this message has most of them. Use a stream, or raise 'maxBuffered'.`,
  );
  // Later replies to it are not kept.
  reply(1, 900);
  assert.deepEqual(received, [1, 2, 2]);
  pending.handle({ kind: "answer", id: 2, data: {} });
  await other;
  assert(pending.has(1), "the link can cancel the request");
  pending.abandon(1);
  assert.equal(pending.size, 0);
});

Deno.test("the replies of requests that have ended do not count", async () => {
  const { pending, add, reply } = createPending();
  for (let id = 0; id < 10; id++) {
    const answered = add(3 * id);
    reply(3 * id, 900);
    pending.handle({ kind: "answer", id: 3 * id, data: {} });
    await answered;
    const abandoned = add(3 * id + 1);
    reply(3 * id + 1, 900);
    pending.abandon(3 * id + 1);
    abandoned.catch(() => {});
    const closed = rejection(add(3 * id + 2));
    reply(3 * id + 2, 900);
    pending.onClosed({ code: 1006, reason: "" });
    assert(!(await closed instanceof BufferFullError));
  }
});

Deno.test("a request that ends with its first reply keeps nothing", async () => {
  const { add, reply } = createPending();
  const answered = add(1, true);
  for (let n = 0; n < 10; n++) reply(1, 900);
  await answered;
});

Deno.test("an error without an id belongs to a rejected request, if it is the oldest", async () => {
  const { pending, add, reply } = createPending();
  const rejected = rejection(add(1));
  reply(1, 1_001);
  await rejected;
  pending.abandon(1);
  const other = add(2);
  const error = { code: 6, error: "E", message: "E.", description: null };
  pending.handle({ kind: "error", id: null, error: { ...error, data: null } });
  pending.handle({ kind: "answer", id: 2, data: {} });
  assert.deepEqual(await other, {});
});
