/** The verdict about a run. */

import assert from "node:assert/strict";
import { finding, outcomeOf } from "./sample_outcome.ts";
import { BAND, EVENTS, judge } from "./verdict.ts";

const MIB = 2 ** 20;

Deno.test("finds no problem in a run without problems", () => {
  assert.deepEqual(judge(outcomeOf()), []);
});

Deno.test("reports the problems of all processes", () => {
  const found = finding("one", "two");
  assert.deepEqual(judge(outcomeOf({ found })), ["one", "two"]);
  assert.deepEqual(judge(outcomeOf({ server: { found } })), ["one", "two"]);
});

Deno.test("counts problems that are not reported in full", () => {
  const texts = Array.from({ length: 15 }, (_, index) => `problem ${index}`);
  const problems = judge(outcomeOf({ found: finding(...texts) }));
  assert.deepEqual(problems.slice(-2), ["problem 9", "… 5 more"]);
});

Deno.test("reports clients, streams and requests that are left, and missing ends", () => {
  const server = { clients: 1, leaked: 2, ended: 97, running: 4, pending: 5 };
  assert.deepEqual(judge(outcomeOf({ server })), [
    "1 clients are still connected",
    "2 disconnected clients are still in memory",
    "4 streams are still running",
    "5 requests to clients are still pending",
    "100 connections began, but 97 ended",
  ]);
});

Deno.test("reports hooks, signals and calls that do not match the clients", () => {
  const lifecycle = { connected: 90, disconnected: 89, aborted: 88 };
  assert.deepEqual(judge(outcomeOf({ server: { lifecycle, waiting: 2 } })), [
    "onConnect was called 90 times, but onDisconnect 89 times",
    "the signals of 88 of 90 clients aborted",
    "2 calls are still waiting",
  ]);
});

Deno.test("requires each event of a client or of the server", () => {
  const events = Object.fromEntries(EVENTS.map((name) => [name, 1]));
  for (const name of EVENTS) {
    const { [name]: _, ...others } = events;
    const missing = [`the run did not reach "${name}"`];
    const server = { events: {} };
    const counts = { events: others };
    assert.deepEqual(judge(outcomeOf({ server, counts })), missing);
    assert.deepEqual(
      judge(outcomeOf({ server: { events: { [name]: 1 } }, counts })),
      [],
    );
  }
});

for (const kind of ["heap", "rss"] as const) {
  Deno.test(`limits the growth of the ${kind}`, () => {
    const start = { rss: 80 * MIB, heap: 10 * MIB };
    const most = start[kind] * BAND[kind].ratio + BAND[kind].bytes;
    const end = { ...start, [kind]: most };
    assert.deepEqual(judge(outcomeOf({ start, end })), []);
    const beyond = { ...start, [kind]: most + 1 };
    const problems = judge(outcomeOf({ start, end: beyond }));
    assert.equal(problems.length, 1);
    assert.match(problems.join(), new RegExp(`the ${kind} is .* limit is .*`));
  });
}

Deno.test("reports a run that did not reach everything", () => {
  const limits = { maxRate: 1, maxDepth: 1 };
  const counts = { answers: 0, items: 0, ends: {}, limits };
  const problems = judge(outcomeOf({ counts, server: { requests: 0 } }));
  assert(problems.includes('the run did not reach "answers"'));
  assert(problems.includes('the run did not reach "items"'));
  assert(problems.includes('the run did not reach "requests"'));
  assert(problems.includes('the run did not reach "code 1013"'));
  assert(problems.includes('the run did not reach "maxPending"'));
  assert(!problems.includes('the run did not reach "maxRate"'));
});
