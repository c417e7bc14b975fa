import assert from "node:assert/strict";
import { type ErrorFrame } from "../../common/errors.ts";
import { PendingRequests } from "../../client/pending_requests.ts";
import { recordPending } from "../support/pending_events.ts";

const ERROR: ErrorFrame = {
  code: 6,
  error: "SERVER_ERROR",
  message: "Internal server error.",
  description: null,
  data: null,
};

Deno.test("PendingRequests hands the items of each stream on, and goes on waiting", () => {
  const { pending, events } = recordPending(2);
  pending.handle({ kind: "items", id: 1, items: [1, 2] });
  pending.handle({ kind: "items", id: 0, items: ["a"] });
  pending.handle({ kind: "items", id: 1, items: [] });
  assert.equal(pending.size, 2);
  pending.handle({ kind: "done", id: 1, messageId: null });
  pending.handle({ kind: "error", id: 0, error: ERROR });
  assert.deepEqual(events, [
    [1, "items", [1, 2]],
    [0, "items", ["a"]],
    [1, "items", []],
    [1, "resolve", null],
    [0, "reject", { kind: "error", error: ERROR }],
  ]);
});

Deno.test("PendingRequests ignores items for what is not there, or is no stream", () => {
  const pending = new PendingRequests();
  const answers: unknown[] = [];
  pending.add(1, {
    resolve: (data) => answers.push(data),
    reject: () => assert.fail("it fails"),
  });
  for (const id of [1, 2, -1]) {
    pending.handle({ kind: "items", id, items: [1] });
  }
  assert.deepEqual([pending.size, answers], [1, []]);
  pending.handle({ kind: "answer", id: 1, data: { result: 1 } });
  assert.deepEqual(answers, [{ result: 1 }]);
});

for (
  const [state, finish] of [
    [
      "is done",
      (pending) => pending.handle({ kind: "done", id: 0, messageId: null }),
    ],
    [
      "has failed",
      (pending) => pending.handle({ kind: "error", id: 0, error: ERROR }),
    ],
    ["is given up", (pending) => pending.abandon(0)],
    ["is closed", (pending) => pending.close(1000, "")],
  ] as readonly [string, (pending: PendingRequests) => void][]
) {
  Deno.test(`PendingRequests ignores late items for a stream that ${state}`, () => {
    const { pending, events } = recordPending(1);
    assert(pending.has(0));
    finish(pending);
    assert(!pending.has(0));
    events.length = 0;
    pending.handle({ kind: "items", id: 0, items: [1] });
    assert.deepEqual(events, []);
  });
}

Deno.test("PendingRequests knows what waits", () => {
  const { pending } = recordPending(2);
  assert.deepEqual([0, 1, 2, -1].map((id) => pending.has(id)), [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("PendingRequests leaves alone what asks the client", () => {
  const { pending, events } = recordPending(1);
  const message = { message: "ready", data: {}, id: 0, replying: null };
  pending.handle({ kind: "request", message });
  assert.deepEqual([pending.size, events], [1, []]);
});

Deno.test("PendingRequests of a server that names ids takes nobody for given up", () => {
  const { pending, events } = recordPending(3);
  pending.expectIds();
  pending.abandon(0);
  // Older than all that wait, if it were remembered.
  pending.handle({ kind: "error", id: null, error: ERROR });
  assert.deepEqual(events.map(([id, what]) => [id, what]), [[1, "reject"]]);
  assert.equal(pending.size, 1);
});

Deno.test("PendingRequests of a server that names ids forgets who had given up", () => {
  const { pending, events } = recordPending(3);
  pending.abandon(0);
  pending.abandon(2);
  pending.expectIds();
  pending.handle({ kind: "error", id: null, error: ERROR });
  assert.deepEqual(events.map(([id]) => id), [1]);
});

Deno.test("PendingRequests of a server that names ids settles as ever", () => {
  const { pending, events } = recordPending(4);
  pending.expectIds();
  pending.expectIds();
  pending.handle({ kind: "answer", id: 2, data: { result: 1 } });
  pending.handle({ kind: "error", id: 1, error: ERROR });
  pending.abandon(3);
  pending.abandon(3);
  assert.equal(pending.size, 1);
  pending.close(1006, "");
  assert.deepEqual(events.map(([id, what]) => [id, what]), [
    [2, "resolve"],
    [1, "reject"],
    [0, "reject"],
  ]);
  assert.equal(pending.nextId(), 4);
});
