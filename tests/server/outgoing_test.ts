import assert from "node:assert/strict";
import type { ClientMessage } from "../../server/message.ts";
import { ConnectionClosedError, NoReplyError } from "../../common/errors.ts";
import type { WireMessage } from "../../protocol/message.ts";
import { PendingRequests } from "../../server/outgoing.ts";
import { endOfTick } from "../support/timing.ts";

/** Returns the message that a reply refers to. */
function wireOf(id: number, message: string): WireMessage {
  return { message, data: {}, id, replying: null };
}

/** Returns a reply without content. */
function reply(id: number): ClientMessage {
  return { id } as ClientMessage;
}

/** Adds requests with the ids 1, 2, …, and records their outcomes in order. */
function ask(...names: readonly string[]) {
  const pending = new PendingRequests();
  const outcomes: unknown[][] = [];
  for (const [index, name] of names.entries()) {
    const id = index + 1;
    void pending.add(id, name, `request ${JSON.stringify(name)}`).then(
      (reply) => void outcomes.push([id, reply]),
      (error) => void outcomes.push([id, error.name, error.message]),
    );
  }
  return { pending, outcomes };
}

Deno.test("settle() resolves each request with its reply, in any order", async () => {
  const { pending, outcomes } = ask("one", "two", "three");
  assert.equal(pending.size, 3);
  const replies = [3, 1, 2].map(reply);
  for (const message of replies) pending.settle(message.id, message);
  assert.equal(pending.size, 0);
  await endOfTick();
  assert.deepEqual(outcomes, replies.map((message) => [message.id, message]));
});

Deno.test("settle() uses the first reply only", async () => {
  const { pending, outcomes } = ask("one");
  const first = reply(8);
  pending.settle(1, first);
  pending.settle(1, reply(9));
  pending.finish(1, true);
  pending.close({ code: 1000, reason: "" });
  await endOfTick();
  assert.deepEqual(outcomes, [[1, first]]);
});

for (
  const [hasFailed, message] of [
    [
      false,
      'Cannot finish request "one": no listener on the other side replied. Register a listener that calls message.reply().',
    ],
    [
      true,
      'Cannot finish request "one": a listener on the other side failed, and no other listener replied. See the log of the other side.',
    ],
  ] as const
) {
  Deno.test(`finish() rejects a request without a reply, failed: ${hasFailed}`, async () => {
    const { pending, outcomes } = ask("one", "two");
    pending.finish(1, hasFailed);
    pending.finish(1, !hasFailed);
    pending.settle(1, reply(9));
    await endOfTick();
    assert.deepEqual(outcomes, [[1, "NoReplyError", message]]);
    assert.equal(pending.size, 1);
  });
}

Deno.test("close() rejects all requests once, the oldest first", async () => {
  const { pending, outcomes } = ask("one", "two", "three");
  pending.settle(2, reply(9));
  pending.close({ code: 1001, reason: "server closed" });
  pending.close({ code: 1006, reason: "" });
  assert.equal(pending.size, 0);
  await endOfTick();
  const closed = 'the connection is closed (1001, "server closed")';
  assert.deepEqual(outcomes.slice(1), [
    [1, "ConnectionClosedError", `Cannot finish request "one": ${closed}`],
    [3, "ConnectionClosedError", `Cannot finish request "three": ${closed}`],
  ]);
});

Deno.test("requests are rejected with the public error classes", async () => {
  const pending = new PendingRequests();
  const waiting = [1, 2].map((id) => pending.add(id, "hi", "request"));
  pending.finish(1, false);
  pending.close({ code: 4000, reason: "enough" });
  await assert.rejects(waiting[0]!, NoReplyError);
  await assert.rejects(waiting[1]!, (error) => {
    assert(error instanceof ConnectionClosedError);
    assert.deepEqual([error.code, error.reason], [4000, "enough"]);
    return true;
  });
});

Deno.test("PendingRequests ignores frames that belong to no request", async () => {
  const { pending, outcomes } = ask("one");
  for (const id of [0, 2, -1, NaN]) {
    pending.settle(id, reply(9));
    pending.finish(id, true);
    pending.delete(id);
  }
  await endOfTick();
  assert.deepEqual([pending.size, outcomes], [1, []]);
  pending.close({ code: 1000, reason: "" });
  await endOfTick();
});

Deno.test("delete() removes a request without settling it", async () => {
  const { pending, outcomes } = ask("one", "two");
  pending.delete(1);
  pending.delete(1);
  assert.equal(pending.size, 1);
  assert(!pending.isPending(wireOf(1, "one")));
  pending.settle(1, reply(9));
  pending.finish(1, true);
  pending.close({ code: 1000, reason: "" });
  await endOfTick();
  assert.deepEqual(outcomes.map(([id]) => id), [2]);
});

Deno.test("isPending() recognizes replies to pending requests", () => {
  const { pending } = ask("one", "__proto__", "");
  for (
    const [replying, isAsked] of [
      [null, false],
      [wireOf(1, "one"), true],
      [wireOf(2, "__proto__"), true],
      [wireOf(3, ""), true],
      [wireOf(1, "two"), false],
      [wireOf(1, "One"), false],
      [wireOf(2, "one"), false],
      [wireOf(4, "one"), false],
      [wireOf(0, "constructor"), false],
      [{ ...wireOf(9, "other"), replying: wireOf(1, "one") }, false],
      [{ ...wireOf(1, "one"), replying: wireOf(9, "other") }, true],
    ] as const
  ) {
    assert.equal(pending.isPending(replying), isAsked);
  }
  // The question changes nothing.
  assert.equal(pending.size, 3);
});

Deno.test("isPending() is false after settle(), finish() and close()", async () => {
  const { pending } = ask("one", "two", "three");
  pending.settle(1, reply(9));
  pending.finish(2, false);
  assert(pending.isPending(wireOf(3, "three")));
  pending.close({ code: 1000, reason: "" });
  for (const [id, name] of [[1, "one"], [2, "two"], [3, "three"]] as const) {
    assert(!pending.isPending(wireOf(id, name)));
  }
  await endOfTick();
});

Deno.test("close() does not reject a request that is added during a rejection", async () => {
  const pending = new PendingRequests();
  const outcomes: string[] = [];
  const again = pending.add(1, "one", "request").catch(() => {
    void pending.add(2, "two", "request").then(
      () => outcomes.push("replied"),
      () => outcomes.push("failed"),
    );
  });
  pending.close({ code: 1006, reason: "" });
  await again;
  assert.equal(pending.size, 1);
  pending.settle(2, reply(9));
  await endOfTick();
  assert.deepEqual(outcomes, ["replied"]);
});

Deno.test("awaitsDone() is true until settle(), finish(), delete() or close()", async () => {
  for (
    const end of [
      (pending: PendingRequests) => pending.settle(1, reply(9)),
      (pending: PendingRequests) => pending.finish(1, false),
      (pending: PendingRequests) => pending.delete(1),
      (pending: PendingRequests) => pending.close({ code: 1000, reason: "" }),
    ]
  ) {
    const { pending } = ask("one");
    assert(pending.awaitsDone(1) && !pending.awaitsDone(2));
    end(pending);
    await endOfTick();
    assert(!pending.awaitsDone(1));
  }
});

Deno.test("awaitsDone() is false after finish(), although a reply is still checked", async () => {
  const { pending, outcomes } = ask("one");
  const checked = Promise.withResolvers<ClientMessage>();
  pending.settle(1, checked.promise);
  assert(pending.awaitsDone(1));
  pending.finish(1, false);
  assert(!pending.awaitsDone(1));
  pending.finish(1, true);
  checked.reject(new Error("does not fit"));
  await endOfTick();
  const text =
    'Cannot finish request "one": no listener on the other side replied. Register a listener that calls message.reply().';
  assert.deepEqual(outcomes, [[1, "NoReplyError", text]]);
});

Deno.test("isFirst() is false while an earlier reply is checked", async () => {
  const { pending } = ask("one");
  const asked = wireOf(1, "one");
  assert(pending.isFirst(asked));
  assert(!pending.isFirst(wireOf(1, "other")) && !pending.isFirst(null));
  const checked = Promise.withResolvers<ClientMessage>();
  pending.settle(1, checked.promise);
  // Other replies need capacity of their own while it is checked.
  assert(!pending.isFirst(asked) && pending.isPending(asked));
  checked.reject(new Error("does not fit"));
  await endOfTick();
  assert(pending.isFirst(asked));
  pending.settle(1, reply(9));
  assert(!pending.isFirst(asked));
});
