import assert from "node:assert/strict";
import { type ClientMessage } from "../../server/message.ts";
import { ConnectionClosedError, NoReplyError } from "../../common/errors.ts";
import { type WireMessage } from "../../protocol/message.ts";
import { PendingRequests } from "../../server/pending_requests.ts";
import { endOfTick } from "../support/timing.ts";

/** A message that a client claims to reply to. */
function wireOf(id: number, message: string): WireMessage {
  return { message, data: {}, id, replying: null };
}

/** A reply; nobody looks into it. */
function reply(id: number): ClientMessage {
  return { id } as ClientMessage;
}

/** Requests with the ids 1, 2, …, and what became of them, in its order. */
function ask(...names: readonly string[]) {
  const questions = new PendingRequests();
  const outcomes: unknown[][] = [];
  for (const [index, name] of names.entries()) {
    const id = index + 1;
    void questions.add(id, name, `request ${JSON.stringify(name)}`).then(
      (reply) => void outcomes.push([id, reply]),
      (error) => void outcomes.push([id, error.name, error.message]),
    );
  }
  return { questions, outcomes };
}

Deno.test("PendingRequests hand each request its reply, in whatever order these come", async () => {
  const { questions, outcomes } = ask("one", "two", "three");
  assert.equal(questions.size, 3);
  const replies = [3, 1, 2].map(reply);
  for (const message of replies) questions.settle(message.id, message);
  assert.equal(questions.size, 0);
  await endOfTick();
  assert.deepEqual(outcomes, replies.map((message) => [message.id, message]));
});

Deno.test("PendingRequests take the first reply, and no later one", async () => {
  const { questions, outcomes } = ask("one");
  const first = reply(8);
  questions.settle(1, first);
  questions.settle(1, reply(9));
  questions.finish(1, true);
  questions.close({ code: 1000, reason: "" });
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
  Deno.test(`PendingRequests fail a request whose listeners are done, failed: ${hasFailed}`, async () => {
    const { questions, outcomes } = ask("one", "two");
    questions.finish(1, hasFailed);
    questions.finish(1, !hasFailed);
    questions.settle(1, reply(9));
    await endOfTick();
    assert.deepEqual(outcomes, [[1, "NoReplyError", message]]);
    assert.equal(questions.size, 1);
  });
}

Deno.test("PendingRequests fail all that wait when the client leaves, oldest first, and once", async () => {
  const { questions, outcomes } = ask("one", "two", "three");
  questions.settle(2, reply(9));
  questions.close({ code: 1001, reason: "server closed" });
  questions.close({ code: 1006, reason: "" });
  assert.equal(questions.size, 0);
  await endOfTick();
  const closed = 'the connection is closed (1001, "server closed")';
  assert.deepEqual(outcomes.slice(1), [
    [1, "ConnectionClosedError", `Cannot finish request "one": ${closed}`],
    [3, "ConnectionClosedError", `Cannot finish request "three": ${closed}`],
  ]);
});

Deno.test("the errors of PendingRequests are those of the package", async () => {
  const questions = new PendingRequests();
  const waiting = [1, 2].map((id) => questions.add(id, "hi", "request"));
  questions.finish(1, false);
  questions.close({ code: 4000, reason: "enough" });
  await assert.rejects(waiting[0]!, NoReplyError);
  await assert.rejects(waiting[1]!, (error) => {
    assert(error instanceof ConnectionClosedError);
    assert.deepEqual([error.code, error.reason], [4000, "enough"]);
    return true;
  });
});

Deno.test("PendingRequests pass over what belongs to no request", async () => {
  const { questions, outcomes } = ask("one");
  for (const id of [0, 2, -1, NaN]) {
    questions.settle(id, reply(9));
    questions.finish(id, true);
    questions.delete(id);
  }
  await endOfTick();
  assert.deepEqual([questions.size, outcomes], [1, []]);
  questions.close({ code: 1000, reason: "" });
  await endOfTick();
});

Deno.test("nobody hears of a request that was forgotten", async () => {
  const { questions, outcomes } = ask("one", "two");
  questions.delete(1);
  questions.delete(1);
  assert.equal(questions.size, 1);
  assert(!questions.isPending(wireOf(1, "one")));
  questions.settle(1, reply(9));
  questions.finish(1, true);
  questions.close({ code: 1000, reason: "" });
  await endOfTick();
  assert.deepEqual(outcomes.map(([id]) => id), [2]);
});

Deno.test("PendingRequests know whether a message replies to a request that waits", () => {
  const { questions } = ask("one", "__proto__", "");
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
    assert.equal(questions.isPending(replying), isAsked);
  }
  // It was only asked about.
  assert.equal(questions.size, 3);
});

Deno.test("PendingRequests do not know a request any more that is settled, done or closed", async () => {
  const { questions } = ask("one", "two", "three");
  questions.settle(1, reply(9));
  questions.finish(2, false);
  assert(questions.isPending(wireOf(3, "three")));
  questions.close({ code: 1000, reason: "" });
  for (const [id, name] of [[1, "one"], [2, "two"], [3, "three"]] as const) {
    assert(!questions.isPending(wireOf(id, name)));
  }
  await endOfTick();
});

Deno.test("a request that is made when another one fails is not closed with it", async () => {
  const questions = new PendingRequests();
  const outcomes: string[] = [];
  const again = questions.add(1, "one", "request").catch(() => {
    void questions.add(2, "two", "request").then(
      () => outcomes.push("replied"),
      () => outcomes.push("failed"),
    );
  });
  questions.close({ code: 1006, reason: "" });
  await again;
  assert.equal(questions.size, 1);
  questions.settle(2, reply(9));
  await endOfTick();
  assert.deepEqual(outcomes, ["replied"]);
});

Deno.test("PendingRequests await that listeners are done until a request is settled, done, forgotten or closed", async () => {
  for (
    const end of [
      (questions: PendingRequests) => questions.settle(1, reply(9)),
      (questions: PendingRequests) => questions.finish(1, false),
      (questions: PendingRequests) => questions.delete(1),
      (questions: PendingRequests) =>
        questions.close({ code: 1000, reason: "" }),
    ]
  ) {
    const { questions } = ask("one");
    assert(questions.awaitsDone(1) && !questions.awaitsDone(2));
    end(questions);
    await endOfTick();
    assert(!questions.awaitsDone(1));
  }
});

Deno.test("listeners are done once, although what they replied is still looked at", async () => {
  const { questions, outcomes } = ask("one");
  const checked = Promise.withResolvers<ClientMessage>();
  questions.settle(1, checked.promise);
  assert(questions.awaitsDone(1));
  questions.finish(1, false);
  assert(!questions.awaitsDone(1));
  questions.finish(1, true);
  checked.reject(new Error("does not fit"));
  await endOfTick();
  const text =
    'Cannot finish request "one": no listener on the other side replied. Register a listener that calls message.reply().';
  assert.deepEqual(outcomes, [[1, "NoReplyError", text]]);
});

Deno.test("PendingRequests know whether a reply is the first that could fit", async () => {
  const { questions } = ask("one");
  const asked = wireOf(1, "one");
  assert(questions.isFirst(asked));
  assert(!questions.isFirst(wireOf(1, "other")) && !questions.isFirst(null));
  const checked = Promise.withResolvers<ClientMessage>();
  questions.settle(1, checked.promise);
  // While that is looked at, others have to find a place of their own.
  assert(!questions.isFirst(asked) && questions.isPending(asked));
  checked.reject(new Error("does not fit"));
  await endOfTick();
  assert(questions.isFirst(asked));
  questions.settle(1, reply(9));
  assert(!questions.isFirst(asked));
});
