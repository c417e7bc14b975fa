/** Following the numbers of the messages of a room. */

import assert from "node:assert/strict";
import { RoomSequence } from "./room_sequence.ts";

Deno.test("takes consecutive messages of several authors from any number on", () => {
  const sequence = new RoomSequence();
  const arrivals = [
    sequence.take("ada", 7),
    sequence.take("bob", 1),
    sequence.take("ada", 8),
  ];
  assert.deepEqual(arrivals.map(({ kind }) => kind), ["next", "next", "next"]);
  assert.equal(sequence.last("ada"), 8);
  assert.equal(sequence.last("eve"), 0);
});

Deno.test("a gap excuses missing messages of each author once", () => {
  const sequence = new RoomSequence();
  sequence.take("ada", 1);
  sequence.take("bob", 1);
  sequence.gap();
  assert(sequence.isFlagged("ada"));
  const expected = { kind: "skipped", after: 1, isFlagged: true };
  assert.deepEqual(sequence.take("ada", 5), expected);
  assert.deepEqual(sequence.take("bob", 9), expected);
  assert(!sequence.isFlagged("ada"));
  const silent = { kind: "skipped", after: 5, isFlagged: false };
  assert.deepEqual(sequence.take("ada", 7), silent);
});

Deno.test("an old message changes nothing, not even after a gap", () => {
  const sequence = new RoomSequence();
  sequence.take("ada", 5);
  sequence.gap();
  assert.deepEqual(sequence.take("ada", 5), { kind: "old", after: 5 });
  assert.deepEqual(sequence.take("ada", 3), { kind: "old", after: 5 });
  assert.equal(sequence.last("ada"), 5);
  const expected = { kind: "skipped", after: 5, isFlagged: true };
  assert.deepEqual(sequence.take("ada", 7), expected);
});

Deno.test("starts again from any number after it has forgotten all", () => {
  const sequence = new RoomSequence();
  sequence.take("ada", 5);
  sequence.forget();
  assert.equal(sequence.last("ada"), 0);
  assert.deepEqual(sequence.take("ada", 3), { kind: "next" });
});
