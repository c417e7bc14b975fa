/** The verdict and the table of the chaos test. */

import assert from "node:assert/strict";
import type { Counts } from "./ledger.ts";
import type { Outcome } from "./run.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";
import { formatTable, formatTables } from "./table.ts";
import { judge } from "./verdict.ts";

const COUNTS: Counts = {
  ...{ acknowledged: 1_234, silent: 0, flagged: 0, gaps: 0, reasons: {} },
  ...{ duplicates: 0, repeated: 0, reorders: 0 },
  ...{ rejoins: 10, recovered: 10, unknown: 0 },
  delivery: { p50: 1.4, p99: 20, max: undefined },
};

const STEADY = scenarioOf("steady");
const LOSSY = scenarioOf("tail");
const CONTROL = scenarioOf("no-gaps");

function scenarioOf(name: string): Scenario {
  return SCENARIOS.find((scenario) => scenario.name === name)!;
}

function outcomeOf(
  scenario: Scenario,
  counts: Partial<Counts> = {},
  problems: readonly string[] = [],
): Outcome {
  return {
    ...{ engine: "redis", scenario, problems, events: {} },
    counts: { ...COUNTS, ...counts },
  };
}

Deno.test("accepts an outcome in which nothing is wrong", () => {
  assert.deepEqual(judge(outcomeOf(STEADY)), []);
  assert.deepEqual(judge(outcomeOf(LOSSY, { gaps: 10, repeated: 5 })), []);
  assert.deepEqual(judge(outcomeOf(CONTROL, { silent: 1 })), []);
});

Deno.test("reports each fault", () => {
  const faults: readonly Partial<Counts>[] = [
    ...[{ silent: 1 }, { duplicates: 1 }, { reorders: 1 }, { unknown: 1 }],
    ...[{ gaps: 1 }, { acknowledged: 0 }],
  ];
  for (const fault of faults) {
    assert.equal(judge(outcomeOf(STEADY, fault)).length, 1);
  }
  assert.deepEqual(judge(outcomeOf(STEADY, { silent: 2 })), [
    "redis, nothing happens: 2 messages were lost without a gap",
  ]);
});

Deno.test("reports the reasons of gaps", () => {
  const gaps = { gaps: 2, reasons: { epoch: 1, broker: 1 } };
  assert.deepEqual(judge(outcomeOf(STEADY, gaps)), [
    "redis, nothing happens: 2 gaps were reported (epoch, broker), although nothing was lost",
  ]);
});

Deno.test("reports a loss of data that nobody was told of", () => {
  assert.deepEqual(judge(outcomeOf(LOSSY)), [
    "redis, last messages lost: no gap was reported",
  ]);
});

Deno.test("reports problems of the clients", () => {
  assert.deepEqual(judge(outcomeOf(STEADY, {}, ["a reader left"])), [
    "redis, nothing happens: a reader left",
  ]);
});

Deno.test("reports a control that loses nothing", () => {
  assert.deepEqual(judge(outcomeOf(CONTROL)), [
    "redis, control: gaps ignored: the control lost no message",
  ]);
});

Deno.test("formats a table in Markdown", () => {
  const [heading, rule, row] = formatTable("redis", [outcomeOf(STEADY)])
    .split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  assert.deepEqual(heading?.slice(1, 4), ["redis", "acked", "silent"]);
  assert.match(rule?.[1] ?? "", /^-+$/);
  assert.deepEqual(row?.slice(1, -1), [
    ...["nothing happens", "1,234", "0", "0", "0", "0", "0", "0"],
    ...["10/10", "1/20/-"],
  ]);
});

Deno.test("counts the events of a scenario with several", () => {
  const events = { "node killed": 3, "engine killed": 1 };
  const text = formatTable("redis", [{ ...outcomeOf(STEADY), events }]);
  assert.match(text, /^nothing happens: 3 node killed, 1 engine killed$/m);
});

Deno.test("shows a table for each engine", () => {
  const nats: Outcome = { ...outcomeOf(STEADY), engine: "nats" };
  const text = formatTables([outcomeOf(STEADY), nats]);
  assert.equal(text.match(/nothing happens/g)?.length, 2);
  assert.match(text, /^silent .*must be 0$/m);
});
