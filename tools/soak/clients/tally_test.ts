/** The counters of the clients of several processes. */

import assert from "node:assert/strict";
import { sum, Tally } from "./tally.ts";

Deno.test("adds counters, also by name", () => {
  const one = new Tally();
  one.connections = 1;
  one.requests = 20;
  one.end("abort");
  one.exceed("maxRate");
  one.note("long sleep");
  const other = new Tally();
  other.connections = 2;
  other.answers = 3;
  other.broadcasts = 4;
  other.notes = 5;
  other.roomMessages = 8;
  other.items = 6;
  other.serverRequests = 7;
  other.end("abort");
  other.end("code 1000");
  assert.deepEqual(sum([one, other]), {
    connections: 3,
    requests: 20,
    answers: 3,
    broadcasts: 4,
    notes: 5,
    roomMessages: 8,
    items: 6,
    serverRequests: 7,
    ends: { abort: 2, "code 1000": 1 },
    limits: { maxRate: 1 },
    events: { "long sleep": 1 },
  });
});

Deno.test("adds no counters to zero", () => {
  const { connections, ends } = sum([]);
  assert.deepEqual({ connections, ends }, { connections: 0, ends: {} });
});
