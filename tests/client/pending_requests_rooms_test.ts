/** Tests of `client/pending_requests.ts`, for the requests about rooms. */

import assert from "node:assert/strict";
import { lengthOfEach } from "../../client/frame_length.ts";
import { PendingRequests } from "../../client/pending_requests.ts";
import type { RoomAnswer, RoomFrame } from "../../protocol/success_frames.ts";
import { addRecorded } from "../support/pending_events.ts";

const MESSAGE = { message: "news", data: {}, id: 1, replying: null };

/** An answer of each kind, with the id of its request. */
const ANSWERS: readonly RoomAnswer[] = [
  {
    ...{ kind: "joined", id: 0, room: "a", position: null, recovered: null },
    ...{ missed: 0, member: "m", connection: "c", publish: false },
  },
  { kind: "left", id: 0, room: "a" },
  { kind: "published", id: 0, position: null, duplicate: false },
  { kind: "members", id: 0, list: [], count: 0, complete: true },
];

/** The frames that answer no request. */
const EVENTS: readonly RoomFrame[] = [
  { ...ANSWERS[0], id: null } as RoomFrame,
  { kind: "left", id: null, room: "a", reason: "closed" },
  { kind: "presence", room: "a", join: [], leave: [], count: 0 },
  {
    ...{ kind: "publication", room: "a", position: null, from: null },
    message: MESSAGE,
  },
  { kind: "gap", room: "a", position: null, reason: "slow" },
];

/** Adds a request, and returns the answers that it receives. */
function record() {
  const pending = new PendingRequests();
  const log: unknown[] = [];
  addRecorded(pending, 0, [], {
    events: { onRoomAnswer: (frame) => void log.push(frame) },
  });
  return { pending, log };
}

for (const answer of ANSWERS) {
  Deno.test(`a frame ${answer.kind} resolves its request`, () => {
    const { pending, log } = record();
    pending.handle({ ...answer, id: 1 } as RoomFrame);
    assert.deepEqual([log, pending.size], [[], 1]);
    pending.handle(answer);
    // The request has its answer before the next frame is handled.
    assert.deepEqual(log[0], answer);
    assert.equal(pending.size, 0);
    pending.handle(answer);
    assert.deepEqual(log, [answer]);
  });
}

for (const event of EVENTS) {
  Deno.test(`a frame ${event.kind} without an id resolves no request`, () => {
    const { pending, log } = record();
    pending.handle(event);
    assert.deepEqual([log, pending.size], [[], 1]);
  });
}

Deno.test("the length of a batch with messages of rooms says nothing about a reply", () => {
  const reply = { kind: "message", id: 1, message: MESSAGE } as const;
  assert.equal(lengthOfEach(100, [reply, reply], () => true), 50);
  assert.equal(lengthOfEach(100, [reply, EVENTS[3]!], () => true), undefined);
});
