/** Errors without an id, as Python servers send them. */

import assert from "node:assert/strict";
import type { ErrorFrame } from "../../common/errors.ts";
import { PendingRequests } from "../../client/pending_requests.ts";
import { addRecorded, recordPending } from "../support/pending_events.ts";
import { endOfTick } from "../support/timing.ts";

const ERROR: ErrorFrame = {
  code: 6,
  error: "SERVER_ERROR",
  message: "Internal server error.",
  description: null,
  data: null,
};

/** Handles an error without an id. */
function failOldest(pending: PendingRequests): void {
  pending.handle({ kind: "error", id: null, error: ERROR });
}

/** Returns the ids of the requests that were rejected. */
async function rejected(events: readonly unknown[][]): Promise<unknown[]> {
  await endOfTick();
  return events.filter(([, what]) => what === "reject").map(([id]) => id);
}

Deno.test("rejects the oldest request if an error has no id", async () => {
  const { pending, events } = recordPending(3);
  failOldest(pending);
  assert.deepEqual(await rejected(events), [0]);
  pending.handle({ kind: "done", id: 1, messageId: null });
  failOldest(pending);
  assert.deepEqual(await rejected(events), [0, 2]);
});

Deno.test("orders requests by the time of sending, not by id", async () => {
  const pending = new PendingRequests();
  const events: unknown[][] = [];
  for (const id of [5, 3, 4]) addRecorded(pending, id, events);
  failOldest(pending);
  assert.deepEqual(await rejected(events), [5]);
});

Deno.test("keeps the order when a request has got its number", async () => {
  const { pending, events } = recordPending(2);
  pending.handle({ kind: "open", id: 1, messageId: 8 });
  failOldest(pending);
  assert.deepEqual(await rejected(events), [0]);
});

Deno.test("ignores an error without an id if no request waits", async () => {
  const { pending, events } = recordPending(0);
  failOldest(pending);
  assert.deepEqual(await rejected(events), []);
});

Deno.test("rejects request 0 alone if an error has the id 0", async () => {
  const pending = new PendingRequests();
  const events: unknown[][] = [];
  for (const id of [1, 0]) addRecorded(pending, id, events);
  pending.handle({ kind: "error", id: 0, error: ERROR });
  assert.deepEqual(await rejected(events), [0]);
});

Deno.test("attributes an error without an id to the oldest request, abandoned or not", async () => {
  const { pending, events } = recordPending(4);
  // In another order than they were sent.
  pending.abandon(2);
  pending.abandon(0);
  const counts: number[] = [];
  for (let n = 0; n < 4; n++) {
    failOldest(pending);
    counts.push((await rejected(events)).length);
  }
  assert.deepEqual(counts, [0, 1, 1, 2]);
  assert.deepEqual(await rejected(events), [1, 3]);
});

Deno.test("regards an abandoned request as answered once a later one is answered", async () => {
  const { pending, events } = recordPending(4);
  pending.abandon(2);
  pending.abandon(0);
  pending.handle({ kind: "done", id: 1, messageId: null });
  pending.handle({ kind: "done", id: 2, messageId: null });
  failOldest(pending);
  assert.deepEqual(await rejected(events), [3]);
});

Deno.test("remembers the latest 1,024 abandoned requests", async () => {
  // Of 5,000, the first 3,976 are forgotten, and their errors attributed to later ones.
  for (const abandoned of [1_024, 5_000]) {
    const { pending, events } = recordPending(abandoned);
    for (let id = 0; id < abandoned; id++) pending.abandon(id);
    addRecorded(pending, pending.nextId(), events);
    // A server that answers without ids answers the older requests first.
    for (let n = 0; n < 1_024; n++) failOldest(pending);
    assert.deepEqual(await rejected(events), []);
    failOldest(pending);
    assert.deepEqual(await rejected(events), [abandoned]);
  }
});

Deno.test("forgets an abandoned request at once if the server names ids", async () => {
  const { pending, events } = recordPending(3);
  pending.expectIds();
  pending.abandon(0);
  // Request 0 would be the oldest if it were remembered.
  failOldest(pending);
  assert.deepEqual(await rejected(events), [1]);
  assert.equal(pending.size, 1);
});

Deno.test("forgets what was abandoned before it is known that the server names ids", async () => {
  const { pending, events } = recordPending(3);
  pending.abandon(0);
  pending.abandon(2);
  pending.expectIds();
  failOldest(pending);
  assert.deepEqual(await rejected(events), [1]);
});
