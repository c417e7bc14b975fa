/** What the clients of several processes have counted. */

import assert from "node:assert/strict";
import { sum, Tally } from "./tally.ts";

Deno.test("counts add up, those by name, too", () => {
  const one = new Tally();
  one.connections = 1;
  one.requests = 20;
  one.end("cut");
  one.exceed("maxRate");
  const other = new Tally();
  other.connections = 2;
  other.answers = 3;
  other.broadcasts = 4;
  other.notes = 5;
  other.items = 6;
  other.questions = 7;
  other.end("cut");
  other.end("code 1000");
  assert.deepEqual(sum([one, other]), {
    connections: 3,
    requests: 20,
    answers: 3,
    broadcasts: 4,
    notes: 5,
    items: 6,
    questions: 7,
    ends: { cut: 2, "code 1000": 1 },
    limits: { maxRate: 1 },
  });
});

Deno.test("nobody has counted anything", () => {
  const { connections, ends } = sum([]);
  assert.deepEqual({ connections, ends }, { connections: 0, ends: {} });
});
