import assert from "node:assert/strict";
import {
  ConnectionClosedError,
  type ErrorFrame,
  ResponseError,
} from "../../common/errors.ts";
import { PendingRequests } from "../../client/pending_requests.ts";
import type { WireMessage } from "../../protocol/message.ts";
import type { ServerFrame } from "../../protocol/server_frames.ts";
import { addRecorded, recordPending } from "../support/pending_events.ts";
import { endOfTick } from "../support/timing.ts";

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

/** Returns the ids of the requests that have settled, each with how. */
async function settled(events: readonly unknown[][]): Promise<string[]> {
  await endOfTick();
  return events.filter(([, what]) => what === "resolve" || what === "reject")
    .map(([id, what]) => `${id} ${what}`);
}

Deno.test("counts ids from 0 and never reuses one", () => {
  const { pending } = recordPending(2);
  assert.equal(pending.nextId(), 2);
  pending.handle({ kind: "done", id: 1, messageId: null });
  pending.abandon(0);
  pending.onClosed({ code: 1000, reason: "" });
  assert.equal(pending.nextId(), 3);
});

Deno.test("counts the requests that wait", async () => {
  const { pending, events } = recordPending(3);
  assert.equal(pending.size, 3);
  pending.handle({ kind: "answer", id: 1, data: {} });
  assert.equal(pending.size, 2);
  pending.abandon(0);
  pending.abandon(0);
  assert.equal(pending.size, 1);
  assert.deepEqual([0, 1, 2, 3, -1].filter((id) => pending.has(id)), [2]);
  pending.onClosed({ code: 1000, reason: "" });
  assert.equal(pending.size, 0);
  assert.deepEqual(await settled(events), ["1 resolve", "2 reject"]);
});

Deno.test("settles requests in the order of the answers", async () => {
  const { pending, events } = recordPending(3);
  pending.handle({ kind: "answer", id: 2, data: { result: "c" } });
  pending.handle({ kind: "done", id: 0, messageId: null });
  pending.handle({ kind: "error", id: 1, error: ERROR });
  assert.equal(pending.size, 0);
  // Before the next frame is handled.
  assert.deepEqual(events, [[2, "answer", { result: "c" }], [
    0,
    "answer",
    null,
  ]]);
  assert.deepEqual(await settled(events), [
    "2 resolve",
    "0 resolve",
    "1 reject",
  ]);
});

Deno.test("rejects with an error that names the request", async () => {
  const { pending, events } = recordPending(2);
  pending.handle({ kind: "error", id: 1, error: ERROR });
  pending.onClosed({ code: 1003, reason: "why" });
  await endOfTick();
  const [[, , refused] = [], [, , lost] = []] = events;
  assert(refused instanceof ResponseError);
  assert.equal(
    refused.message,
    "Cannot finish request 1: the server answered UNKNOWN_OPERATION: Operation not found. Check the spelling, or register the operation on the server.",
  );
  assert(lost instanceof ConnectionClosedError);
  assert.deepEqual([lost.code, lost.reason], [1003, "why"]);
  assert.match(lost.message, /^Cannot finish request 0: /);
});

Deno.test("rejects with the error that the request makes of a frame", async () => {
  const pending = new PendingRequests();
  const events: unknown[][] = [];
  const error = new Error("the login failed");
  addRecorded(pending, 0, events, {
    toError: (frame) => {
      assert.equal(frame, ERROR);
      return error;
    },
  });
  pending.handle({ kind: "error", id: 0, error: ERROR });
  await endOfTick();
  assert.deepEqual(events, [[0, "reject", error]]);
});

Deno.test("passes on the number of a message and its replies, and keeps waiting", async () => {
  const { pending, events } = recordPending(2);
  pending.handle({ kind: "open", id: 1, messageId: 8 });
  pending.handle({ kind: "message", id: 1, message: MESSAGE });
  pending.handle({ kind: "message", id: 1, message: MESSAGE });
  await endOfTick();
  assert.equal(pending.size, 2);
  assert.deepEqual(events, [
    [1, "open", 8],
    [1, "reply", MESSAGE],
    [1, "reply", MESSAGE],
  ]);
});

Deno.test("resolves with the first reply if the request ends with it", async () => {
  const pending = new PendingRequests();
  const events: unknown[][] = [];
  addRecorded(pending, 0, events, { endsWithReply: true });
  pending.handle({ kind: "open", id: 0, messageId: 8 });
  assert.deepEqual(await settled(events), []);
  pending.handle({ kind: "message", id: 0, message: MESSAGE });
  assert.deepEqual(await settled(events), ["0 resolve"]);
  // The caller abandons it, and a Python server still answers it.
  assert.equal(pending.size, 1);
});

Deno.test("passes on items of each stream, and keeps waiting", async () => {
  const { pending, events } = recordPending(2);
  pending.handle({ kind: "items", id: 1, items: [1, 2] });
  pending.handle({ kind: "items", id: 0, items: ["a"] });
  pending.handle({ kind: "items", id: 1, items: [] });
  assert.deepEqual(events, [
    [1, "items", [1, 2]],
    [0, "items", ["a"]],
    [1, "items", []],
  ]);
  pending.handle({ kind: "done", id: 1, messageId: null });
  pending.handle({ kind: "error", id: 0, error: ERROR });
  assert.deepEqual(await settled(events), ["1 resolve", "0 reject"]);
});

for (
  const [messageId, expected] of [
    [8, [[0, "open", 8], [0, "answer", null]]],
    [0, [[0, "open", 0], [0, "answer", null]]],
    [null, [[0, "answer", null]]],
  ] as const
) {
  Deno.test(`reports the number ${messageId} of a message that is done before it resolves`, async () => {
    const { pending, events } = recordPending(1);
    pending.handle({ kind: "done", id: 0, messageId });
    assert.deepEqual(events, expected);
    assert.deepEqual(await settled(events), ["0 resolve"]);
  });
}

Deno.test("handles requests without events", async () => {
  const pending = new PendingRequests();
  const events: unknown[][] = [];
  addRecorded(pending, 0, events, { events: undefined });
  pending.handle({ kind: "open", id: 0, messageId: 8 });
  pending.handle({ kind: "message", id: 0, message: MESSAGE });
  pending.handle({ kind: "items", id: 0, items: [1] });
  pending.handle({ kind: "done", id: 0, messageId: 8 });
  await endOfTick();
  assert.deepEqual(events, [[0, "resolve", null]]);
});

for (
  const response of [
    { kind: "message", id: null, message: MESSAGE },
    { kind: "request", message: { ...MESSAGE, id: 0 } },
  ] as const
) {
  Deno.test(`does not pass a ${response.kind} of the server to a request`, async () => {
    const { pending, events } = recordPending(2);
    pending.handle(response);
    await endOfTick();
    assert.deepEqual([pending.size, events], [2, []]);
  });
}

const LATE: readonly ServerFrame[] = [
  { kind: "open", id: 7, messageId: 1 },
  { kind: "message", id: 7, message: MESSAGE },
  { kind: "items", id: 7, items: [1] },
  { kind: "answer", id: 7, data: {} },
  { kind: "done", id: 7, messageId: null },
  { kind: "done", id: 7, messageId: 1 },
  { kind: "error", id: 7, error: ERROR },
];

const ENDS: Readonly<Record<string, (pending: PendingRequests) => void>> = {
  "was never sent": () => {},
  "was answered": (pending) =>
    pending.handle({ kind: "done", id: 7, messageId: null }),
  "has failed": (pending) =>
    pending.handle({ kind: "error", id: 7, error: ERROR }),
  "was abandoned": (pending) => pending.abandon(7),
  "has lost its connection": (pending) =>
    pending.onClosed({ code: 1000, reason: "" }),
};

for (const [state, end] of Object.entries(ENDS)) {
  Deno.test(`ignores every frame for a request that ${state}`, async () => {
    for (const response of LATE) {
      const pending = new PendingRequests();
      const events: unknown[][] = [];
      if (state !== "was never sent") addRecorded(pending, 7, events);
      end(pending);
      await endOfTick();
      events.length = 0;
      pending.handle(response);
      await endOfTick();
      assert.deepEqual([pending.size, events], [0, []]);
    }
  });
}

Deno.test("drops what follows an invalid part of an answer", async () => {
  for (const response of LATE) {
    const pending = new PendingRequests();
    const events: unknown[][] = [];
    addRecorded(pending, 7, events);
    pending.handle({ kind: "invalid", id: 7, isLast: false });
    // The caller has not abandoned the request yet.
    pending.handle(response);
    assert.deepEqual(await settled(events), ["7 reject"]);
    assert.equal(events.length, 1, response.kind);
  }
});

Deno.test("keeps a request that is added while the others fail", async () => {
  const pending = new PendingRequests();
  const events: unknown[][] = [];
  addRecorded(pending, 0, events, {
    describe: () => {
      addRecorded(pending, 1, events);
      return "request 0";
    },
  });
  pending.onClosed({ code: 1000, reason: "" });
  assert.equal(pending.size, 1);
  assert.deepEqual(await settled(events), ["0 reject"]);
});

Deno.test("rejects all requests when the connection ends, the oldest first, and once", async () => {
  const { pending, events } = recordPending(4);
  pending.handle({ kind: "done", id: 1, messageId: null });
  pending.abandon(2);
  pending.onClosed({ code: 1003, reason: "first" });
  pending.onClosed({ code: 1006, reason: "second" });
  assert.deepEqual(await settled(events), [
    "1 resolve",
    "0 reject",
    "3 reject",
  ]);
});
