/** From the cells of all rounds to the lines, the table and the plot. */

import assert from "node:assert/strict";
import type { ContenderName } from "./contenders.ts";
import { drawPlot } from "./plot.ts";
import type { Row } from "./sections/cell.ts";
import { type CellResult, summarise } from "./summary.ts";
import { formatRatio, formatTable, formatValue, MAX_WIDTH } from "./table.ts";

const ROW: Row = {
  section: "Round trips",
  label: "32 <connections> & more",
  metrics: [
    { key: "cpu", label: "server CPU a message", unit: "us" },
    { key: "rate", label: "messages a second", unit: "/s" },
  ],
  targets: { cpu: 1.1 },
};

function results(
  cpus: Partial<Record<ContenderName, readonly number[]>>,
  row = ROW,
): CellResult[] {
  return Object.entries(cpus).flatMap(([name, values]) =>
    values.map((cpu, round) => ({
      row,
      contender: name as ContenderName,
      round,
      values: { cpu, rate: 1e6 / cpu, load: cpu / 100 },
    }))
  );
}

const LINES = summarise(results({
  hoist: [6, 7, 20],
  bare: [5, 7, 20],
  "hoist-1": [10, 14, 40],
  ws: [15],
}));

Deno.test("a line has medians, the paired ratio and the verdict", () => {
  const [first] = LINES;
  assert.equal(first?.hoist, 7);
  assert.equal(first?.bare, 7);
  assert.equal(first?.ratio, 1);
  assert.equal(first?.target, 1.1);
  assert.equal(first?.holds, true);
  assert.deepEqual(first?.peers, { ws: 3 });
  assert.equal(first?.load, 0.4);
});

Deno.test("other clients of ours have one line, without a verdict", () => {
  assert.deepEqual(LINES.map(({ what }) => what), [
    "server CPU a message",
    "messages a second",
    "server CPU a message, a Hoist 1 client",
  ]);
  assert.equal(LINES[2]?.ratio, 2);
  assert.equal(LINES[2]?.holds, undefined);
  assert.deepEqual(LINES[2]?.peers, {});
});

Deno.test("a target that is missed is said to be", () => {
  const lines = summarise(results({ hoist: [12], bare: [10] }));
  assert.equal(lines[0]?.holds, false);
  assert.match(formatTable(lines), /1\.20 {1}<= 1\.10 {2}NO/);
  assert.match(formatTable(lines), /0 of 1 targets hold/);
});

Deno.test("the table says what was measured once, and what was not", () => {
  const table = formatTable([
    ...LINES,
    ...summarise(results({ ws: [1] }, { ...ROW, label: "alone" })),
  ]);
  assert.equal(table.match(/^Round trips$/gm)?.length, 1);
  assert.equal(table.match(/^ {2}32 <connections>/gm)?.length, 1);
  assert.match(table, /7\.00 us {4}7\.00 us {2}1\.00 <= 1\.10 yes {3}3\.00/);
  assert.match(
    table,
    /^ {2}alone\n {4}server CPU a message +- +- +- <= 1\.10/m,
  );
  assert.match(table, /1 of 1 targets hold/);
});

Deno.test("the table fits a terminal", () => {
  // A million a second on one side, a hundred thousand times more on the other.
  const wide = results({
    hoist: [0.5],
    bare: [0.5],
    "hoist-16k": [0.5],
    ws: [50_000],
    python: [50_000],
  });
  const lines = formatTable(summarise(wide)).split("\n");
  const longest = Math.max(...lines.map(({ length }) => length));
  assert(longest <= MAX_WIDTH, `${longest} columns`);
});

Deno.test("figures have three digits, and thousands their comma", () => {
  assert.equal(formatValue(0.1234, "us"), "0.12 us");
  assert.equal(formatValue(12.34, "ms"), "12.3 ms");
  assert.equal(formatValue(123_456.7, "/s"), "123,457/s");
  assert.equal(formatValue(undefined, "us"), "-");
  assert.equal(formatRatio(0.0544), "0.054");
  assert.equal(formatRatio(0.1), "0.10");
  assert.equal(formatRatio(12.34), "12.3");
  assert.equal(formatRatio(1_234.4), "1234");
});

const MACHINE = {
  cpu: "A <fast> & small one",
  cores: 2,
  memoryGiB: 1,
  kernel: "6",
  versions: { deno: "2.9.6" },
};

Deno.test("the plot has a bar for each ratio of our own client", () => {
  const svg = drawPlot(LINES, MACHINE);
  const bars = svg.match(/<rect [^>]*height="7.5"[^>]*>/g) ?? [];
  assert.equal(bars.length, 2, "Hoist and ws");
  assert.match(svg, /<title id="title">/);
  assert.match(svg, /Hoist 1\.00, ws 3\.00\./);
});

Deno.test("of a broadcast, the plot has the largest number of clients", () => {
  const lines = ["100", "5,000"].flatMap((size) => {
    const label = `${size} clients, alone`;
    const row = { ...ROW, section: "Broadcast", label };
    return summarise(results({ hoist: [1], bare: [1] }, row));
  });
  const svg = drawPlot(lines, MACHINE);
  assert.match(svg, />5,000 clients, alone</);
  assert.doesNotMatch(svg, />100 clients/);
});

Deno.test("the plot is well-formed, whatever stands in it", () => {
  const svg = drawPlot(LINES, MACHINE);
  assert.match(svg, /32 &lt;connections> &amp; more/);
  assert.match(svg, /A &lt;fast> &amp; small one/);
  const opened = svg.match(/<[a-z]+[^>]*[^/]>/g)?.length;
  assert.equal(opened, svg.match(/<\/[a-z]+>/g)?.length);
});

Deno.test("without any result, the plot is still a picture", () => {
  assert.match(drawPlot([], MACHINE), /^<svg [^]*<\/svg>\n$/);
});
