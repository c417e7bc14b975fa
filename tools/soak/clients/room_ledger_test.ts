/** The check of the messages of one room. */

import assert from "node:assert/strict";
import { RoomLedger } from "./room_ledger.ts";

function ledger(isBrief = false) {
  const problems: string[] = [];
  const report = (problem: string) => void problems.push(problem);
  return { problems, ledger: new RoomLedger({ isBrief, report }) };
}

Deno.test("accepts consecutive messages of several authors from any number on", () => {
  const { ledger: room, problems } = ledger();
  room.take("ada", 7, "p.1");
  room.take("bob", 1, "p.2");
  room.take("ada", 8, "p.3");
  assert.deepEqual(problems, []);
  assert.equal(room.last("ada"), 8);
  assert.equal(room.last("eve"), 0);
  assert.equal(room.position, "p.3");
  assert.equal(room.received, 3);
});

Deno.test("reports lost, repeated and swapped messages", () => {
  const { ledger: room, problems } = ledger();
  for (const n of [1, 3, 3, 2]) room.take("ada", n, "p");
  assert.deepEqual(problems, [
    "message 3 of ada arrived after 1 without a gap",
    "message 3 of ada arrived after 3",
    "message 2 of ada arrived after 3",
  ]);
});

Deno.test("accepts missing messages of each author once after a gap", () => {
  const { ledger: room, problems } = ledger(true);
  room.take("ada", 1, "p");
  room.take("bob", 1, "p");
  room.gap("expired");
  room.take("ada", 5, "p");
  room.take("bob", 9, "p");
  assert.deepEqual(problems, []);
  room.take("ada", 7, "p");
  assert.equal(problems.length, 1);
});

Deno.test("reports repeated messages after a gap", () => {
  const { ledger: room, problems } = ledger(true);
  room.take("ada", 5, "p");
  room.gap("expired");
  room.take("ada", 5, "p");
  assert.deepEqual(problems, ["message 5 of ada arrived after 5"]);
});

Deno.test("reports a gap where the server keeps everything, and other reasons", () => {
  const kept = ledger();
  kept.ledger.gap("expired");
  assert.deepEqual(kept.problems, ["messages are missing: expired"]);
  const brief = ledger(true);
  brief.ledger.gap("epoch");
  assert.deepEqual(brief.problems, ["messages are missing: epoch"]);
});

Deno.test("reports a message without a position", () => {
  const { ledger: room, problems } = ledger();
  room.take("ada", 1, null);
  assert.deepEqual(problems, ["message 1 has no position"]);
});

Deno.test("starts again from any number if the client does not continue", () => {
  const { ledger: room, problems } = ledger();
  room.take("ada", 5, "p");
  room.forget();
  assert.equal(room.position, null);
  room.take("ada", 3, "p");
  assert.deepEqual(problems, []);
});
