/** The comparison of two checkouts. */

import assert from "node:assert/strict";
import { listVersus, OURS } from "./contenders.ts";
import type { Row } from "./sections/cell.ts";
import type { SubjectName } from "./sides.ts";
import type { CellResult } from "./summary.ts";
import { compare, formatComparisons, isWorse } from "./versus.ts";

const ROW: Row = {
  section: "Connections",
  label: "connect",
  metrics: [
    { key: "cpu", label: "server CPU", unit: "us" },
    { key: "rate", label: "connections a second", unit: "/s" },
  ],
  targets: {},
};

function resultsOf(
  name: SubjectName,
  ...cpus: readonly number[]
): CellResult[] {
  return cpus.map((cpu, round) => {
    return { row: ROW, contender: name, round, values: { cpu, rate: 1 / cpu } };
  });
}

Deno.test("compares both checkouts with bare Deno and with each other", () => {
  const [comparison, ...others] = compare([
    ...resultsOf("hoist", 12, 24, 10),
    ...resultsOf("other hoist", 10, 20, 10),
    ...resultsOf("bare", 10, 10, 10),
  ]);
  assert.deepEqual(others, []);
  assert.equal(comparison?.what, "server CPU");
  assert.equal(comparison?.before, 1);
  assert.equal(comparison?.after, 1.2);
  assert.equal(comparison?.change, 1.2);
  assert.equal(comparison?.lowest, 1);
  assert.equal(comparison?.highest, 1.2);
  assert.equal(comparison?.rounds, 3);
});

Deno.test("calls a figure worse only if it is worse in every round", () => {
  const verdictOf = (...cpus: number[]) =>
    compare([
      ...resultsOf("hoist", ...cpus),
      ...resultsOf("other hoist", 100, 100),
    ])
      .map(isWorse);
  assert.deepEqual(verdictOf(104, 120), [true]);
  assert.deepEqual(verdictOf(103, 120), [false]);
  assert.deepEqual(verdictOf(90, 95), [false]);
});

Deno.test("skips a variant that only one checkout has", () => {
  assert.deepEqual(compare(resultsOf("hoist-1", 1)), []);
});

Deno.test("lists the servers of both checkouts and bare Deno", () => {
  const root = decodeURIComponent(new URL("../..", import.meta.url).pathname);
  const contenders = listVersus(root);
  assert.equal(contenders.size, 2 * OURS.length + 1);
  const other = contenders.get("other hoist-log")?.dialect;
  assert(other?.name === "hoist" && other.isLenient === true);
  const here = contenders.get("hoist-log")?.dialect;
  assert(here?.name === "hoist" && here.isLenient !== true);
  assert.throws(() => listVersus(`${root}docs`), /no server for the bench/);
});

Deno.test("formats a row for each variant, and a verdict", () => {
  const table = formatComparisons(compare([
    ...resultsOf("hoist-1", 105, 110),
    ...resultsOf("other hoist-1", 100, 100),
  ]));
  assert.match(
    table,
    /\| server CPU, a Hoist 1 client \| - \| - \| \+7\.5% \(\+5% to \+10%\) \| 2 \| WORSE \|/,
  );
  assert.match(table, /Fewer than 5 rounds/);
  assert.match(table, /1 figures are worse by more than 3%/);
});
