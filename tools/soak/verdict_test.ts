/** What is wrong with a run. */

import assert from "node:assert/strict";
import { finding, outcomeOf } from "./sample_outcome.ts";
import { BAND, judge } from "./verdict.ts";

const MIB = 2 ** 20;

Deno.test("nothing is wrong with a run that went well", () => {
  assert.deepEqual(judge(outcomeOf()), []);
});

Deno.test("what any process has found is wrong", () => {
  const found = finding("one", "two");
  assert.deepEqual(judge(outcomeOf({ found })), ["one", "two"]);
  assert.deepEqual(judge(outcomeOf({ server: { found } })), ["one", "two"]);
});

Deno.test("what there is too much of to tell is counted", () => {
  const texts = Array.from({ length: 15 }, (_, index) => `problem ${index}`);
  const problems = judge(outcomeOf({ found: finding(...texts) }));
  assert.deepEqual(problems.slice(-2), ["problem 9", "… 5 more"]);
});

Deno.test("clients and what they began are wrong if left, and ends that are missing", () => {
  const server = { clients: 1, held: 2, ended: 97, running: 4, waiting: 5 };
  assert.deepEqual(judge(outcomeOf({ server })), [
    "1 clients are left in the set",
    "2 clients that have gone are still held",
    "4 streams are left running",
    "5 requests are left waiting",
    "100 connections began and 97 ended",
  ]);
});

for (const kind of ["heap", "rss"] as const) {
  Deno.test(`the ${kind} may grow up to its band and not beyond`, () => {
    const start = { rss: 80 * MIB, heap: 10 * MIB };
    const most = start[kind] * BAND[kind].ratio + BAND[kind].bytes;
    const end = { ...start, [kind]: most };
    assert.deepEqual(judge(outcomeOf({ start, end })), []);
    const beyond = { ...start, [kind]: most + 1 };
    const problems = judge(outcomeOf({ start, end: beyond }));
    assert.equal(problems.length, 1);
    assert.match(problems.join(), new RegExp(`the ${kind} is .* may be .*`));
  });
}

Deno.test("a run in which something did not happen proves nothing", () => {
  const limits = { maxRate: 1, maxDepth: 1 };
  const counts = { answers: 0, items: 0, ends: {}, limits };
  const problems = judge(outcomeOf({ counts, server: { asked: 0 } }));
  assert(problems.includes('the run saw no "answers"'));
  assert(problems.includes('the run saw no "items"'));
  assert(problems.includes('the run saw no "asked"'));
  assert(problems.includes('the run saw no "code 1013"'));
  assert(problems.includes('the run saw no "maxPending"'));
  assert(!problems.includes('the run saw no "maxRate"'));
});
