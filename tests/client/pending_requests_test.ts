import assert from "node:assert/strict";
import { type ErrorFrame } from "../../common/errors.ts";
import { PendingRequests } from "../../client/pending_requests.ts";
import { type WireMessage } from "../../protocol/message.ts";
import { record, recordPending } from "../support/pending_events.ts";

const MESSAGE: WireMessage = {
  message: "hi",
  data: { x: 1 },
  id: 9,
  replying: null,
};

const ERROR: ErrorFrame = {
  code: 5,
  error: "UNKNOWN_OPERATION",
  message: "Operation not found.",
  description: null,
  data: null,
};

Deno.test("PendingRequests counts ids up from 0, which is the login", () => {
  const pending = new PendingRequests();
  assert.deepEqual([pending.nextId(), pending.nextId(), pending.nextId()], [
    0,
    1,
    2,
  ]);
});

Deno.test("PendingRequests never gives an id again", () => {
  const { pending } = recordPending(2);
  pending.handle({ kind: "done", id: 1, messageId: null });
  pending.abandon(0);
  pending.close(1000, "");
  assert.equal(pending.nextId(), 2);
});

Deno.test("PendingRequests counts what waits", () => {
  const { pending } = recordPending(3);
  assert.equal(pending.size, 3);
  pending.handle({ kind: "answer", id: 1, data: {} });
  assert.equal(pending.size, 2);
  pending.abandon(0);
  pending.abandon(0);
  assert.equal(pending.size, 1);
  pending.close(1000, "");
  assert.equal(pending.size, 0);
});

Deno.test("PendingRequests settles requests in whatever order the answers come", () => {
  const { pending, events } = recordPending(3);
  pending.handle({ kind: "answer", id: 2, data: { result: "c" } });
  pending.handle({ kind: "done", id: 0, messageId: null });
  pending.handle({ kind: "error", id: 1, error: ERROR });
  assert.deepEqual(events, [
    [2, "resolve", { result: "c" }],
    [0, "resolve", null],
    [1, "reject", { kind: "error", error: ERROR }],
  ]);
  assert.equal(pending.size, 0);
});

Deno.test("PendingRequests hands the opening and each reply on and goes on waiting", () => {
  const { pending, events } = recordPending(2);
  pending.handle({ kind: "open", id: 1, messageId: 8 });
  pending.handle({ kind: "message", id: 1, message: MESSAGE });
  pending.handle({ kind: "message", id: 1, message: MESSAGE });
  assert.equal(pending.size, 2);
  pending.handle({ kind: "done", id: 1, messageId: null });
  assert.deepEqual(events, [
    [1, "open", 8],
    [1, "reply", MESSAGE],
    [1, "reply", MESSAGE],
    [1, "resolve", null],
  ]);
});

Deno.test("PendingRequests takes the number of a message from its end, before it is settled", () => {
  const { pending, events } = recordPending(2);
  pending.handle({ kind: "message", id: 1, message: MESSAGE });
  pending.handle({ kind: "done", id: 1, messageId: 8 });
  assert.deepEqual(events, [
    [1, "reply", MESSAGE],
    [1, "open", 8],
    [1, "resolve", null],
  ]);
  assert.equal(pending.size, 1);
});

Deno.test("PendingRequests takes an end without a number for an end alone", () => {
  const { pending, events } = recordPending(1);
  pending.handle({ kind: "done", id: 0, messageId: null });
  assert.deepEqual(events, [[0, "resolve", null]]);
});

Deno.test("PendingRequests takes 0 for a number of a message like any other", () => {
  const { pending, events } = recordPending(1);
  pending.handle({ kind: "done", id: 0, messageId: 0 });
  assert.deepEqual(events, [[0, "open", 0], [0, "resolve", null]]);
});

Deno.test("PendingRequests takes requests that ask neither for the opening nor for replies", () => {
  const pending = new PendingRequests();
  const answers: unknown[] = [];
  pending.add(0, {
    resolve: (data) => answers.push(data),
    reject: () => assert.fail(),
  });
  pending.handle({ kind: "open", id: 0, messageId: 8 });
  pending.handle({ kind: "message", id: 0, message: MESSAGE });
  pending.handle({ kind: "done", id: 0, messageId: 8 });
  assert.deepEqual(answers, [null]);
});

Deno.test("PendingRequests gives a broadcast to nobody", () => {
  const { pending, events } = recordPending(2);
  pending.handle({ kind: "message", id: null, message: MESSAGE });
  assert.deepEqual(events, []);
  assert.equal(pending.size, 2);
});

for (
  const response of [
    { kind: "open", id: 7, messageId: 1 },
    { kind: "message", id: 7, message: MESSAGE },
    { kind: "answer", id: 7, data: {} },
    { kind: "done", id: 7, messageId: null },
    { kind: "done", id: 7, messageId: 1 },
    { kind: "error", id: 7, error: ERROR },
  ] as const
) {
  const what = "messageId" in response
    ? `${response.kind} for message ${response.messageId}`
    : response.kind;

  Deno.test(`PendingRequests ignores a frame of kind ${what} with an unknown id`, () => {
    const { pending, events } = recordPending(2);
    pending.handle(response);
    assert.deepEqual(events, []);
    assert.equal(pending.size, 2);
  });

  for (
    const [state, finish] of [
      [
        "answered",
        (pending) => pending.handle({ kind: "done", id: 7, messageId: null }),
      ],
      [
        "failed",
        (pending) => pending.handle({ kind: "error", id: 7, error: ERROR }),
      ],
      ["given up", (pending) => pending.abandon(7)],
      ["closed", (pending) => pending.close(1000, "")],
    ] as readonly [string, (pending: PendingRequests) => void][]
  ) {
    Deno.test(`PendingRequests ignores a late ${what} for what is ${state}`, () => {
      const pending = new PendingRequests();
      const events: unknown[][] = [];
      pending.add(7, record(7, events));
      finish(pending);
      events.length = 0;
      pending.handle(response);
      assert.deepEqual(events, []);
      assert.equal(pending.size, 0);
    });
  }
}

Deno.test("PendingRequests fails the oldest request where an error has no id", () => {
  const { pending, events } = recordPending(3);
  const failure = { kind: "error", error: ERROR };
  pending.handle({ kind: "error", id: null, error: ERROR });
  assert.deepEqual(events, [[0, "reject", failure]]);
  pending.handle({ kind: "done", id: 1, messageId: null });
  pending.handle({ kind: "error", id: null, error: ERROR });
  assert.deepEqual(events.slice(2), [[2, "reject", failure]]);
});

Deno.test("PendingRequests takes the order of sending for age, not that of the ids", () => {
  const pending = new PendingRequests();
  const events: unknown[][] = [];
  for (const id of [5, 3, 4]) pending.add(id, record(id, events));
  pending.handle({ kind: "error", id: null, error: ERROR });
  assert.deepEqual(events.map(([id]) => id), [5]);
});

Deno.test("PendingRequests does not take a request for older because it was opened", () => {
  const { pending, events } = recordPending(2);
  pending.handle({ kind: "open", id: 1, messageId: 8 });
  pending.handle({ kind: "error", id: null, error: ERROR });
  assert.deepEqual(events.at(-1), [0, "reject", {
    kind: "error",
    error: ERROR,
  }]);
});

Deno.test("PendingRequests ignores an error without an id where nothing waits", () => {
  const { pending, events } = recordPending(0);
  pending.handle({ kind: "error", id: null, error: ERROR });
  assert.deepEqual(events, []);
});

Deno.test("PendingRequests fails an error with id 0 for request 0 alone", () => {
  const pending = new PendingRequests();
  const events: unknown[][] = [];
  for (const id of [1, 0]) pending.add(id, record(id, events));
  pending.handle({ kind: "error", id: 0, error: ERROR });
  assert.deepEqual(events.map(([id]) => id), [0]);
});

Deno.test("PendingRequests fails all that waits when the connection ends, oldest first", () => {
  const { pending, events } = recordPending(4);
  pending.handle({ kind: "done", id: 1, messageId: null });
  pending.abandon(2);
  events.length = 0;
  pending.close(1003, "why");
  const failure = { kind: "closed", code: 1003, reason: "why" };
  assert.deepEqual(events, [[0, "reject", failure], [3, "reject", failure]]);
});

Deno.test("PendingRequests fails nothing twice", () => {
  const { pending, events } = recordPending(2);
  pending.close(1000, "first");
  pending.close(1006, "second");
  assert.equal(events.length, 2);
});

Deno.test("PendingRequests keeps a request that is added while the others fail", () => {
  const pending = new PendingRequests();
  const events: unknown[][] = [];
  const reject = () => pending.add(1, record(1, events));
  pending.add(0, { resolve: () => assert.fail(), reject });
  pending.close(1000, "");
  assert.equal(pending.size, 1);
  assert.deepEqual(events, []);
});

Deno.test("PendingRequests gives an error without an id to the oldest, abandoned or not", () => {
  const { pending, events } = recordPending(4);
  // Given up in another order than sent.
  pending.abandon(2);
  pending.abandon(0);
  const settled: number[] = [];
  for (let n = 0; n < 4; n++) {
    pending.handle({ kind: "error", id: null, error: ERROR });
    settled.push(events.length);
  }
  assert.deepEqual(settled, [0, 1, 1, 2]);
  assert.deepEqual(events.map(([id]) => id), [1, 3]);
});

Deno.test("PendingRequests takes an abandoned request for answered once a later one is", () => {
  const { pending, events } = recordPending(4);
  pending.abandon(2);
  pending.abandon(0);
  pending.handle({ kind: "done", id: 1, messageId: null });
  pending.handle({ kind: "done", id: 2, messageId: null });
  pending.handle({ kind: "error", id: null, error: ERROR });
  assert.deepEqual(events.map(([id, what]) => [id, what]), [[1, "resolve"], [
    3,
    "reject",
  ]]);
});

Deno.test("PendingRequests remembers the latest that were given up, not all of them", () => {
  // Of 5,000 the first 3,976 are forgotten, and their errors taken for later ones.
  for (const abandoned of [1_024, 5_000]) {
    const { pending, events } = recordPending(abandoned);
    for (let id = 0; id < abandoned; id++) pending.abandon(id);
    const id = pending.nextId();
    pending.add(id, record(id, events));
    // A server that answers without ids gets through with the older ones first.
    for (let n = 0; n < 1_024; n++) {
      pending.handle({ kind: "error", id: null, error: ERROR });
    }
    assert.equal(events.length, 0);
    pending.handle({ kind: "error", id: null, error: ERROR });
    assert.deepEqual(events.map(([id]) => id), [abandoned]);
  }
});
