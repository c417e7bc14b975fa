/** The lines, the table and the plot of the results. */

import assert from "node:assert/strict";
import { drawPlot } from "./plot.ts";
import type { Row } from "./sections/cell.ts";
import type { SubjectName } from "./sides.ts";
import { type CellResult, summarize } from "./summary.ts";
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
  cpus: Partial<Record<SubjectName, readonly number[]>>,
  row = ROW,
): CellResult[] {
  return Object.entries(cpus).flatMap(([name, values]) =>
    values.map((cpu, round) => ({
      row,
      contender: name as SubjectName,
      round,
      values: { cpu, rate: 1e6 / cpu, load: cpu / 100 },
    }))
  );
}

const LINES = summarize(results({
  hoist: [6, 7, 20],
  bare: [5, 7, 20],
  "hoist-1": [10, 14, 40],
  ws: [15],
}));

Deno.test("summarizes medians, the median ratio and the verdict", () => {
  const [first] = LINES;
  assert.equal(first?.hoist, 7);
  assert.equal(first?.bare, 7);
  assert.equal(first?.ratio, 1);
  assert.equal(first?.target, 1.1);
  assert.equal(first?.holds, true);
  assert.deepEqual(first?.peers, { ws: 3 });
  assert.equal(first?.load, 0.4);
});

Deno.test("adds one line without a verdict for each of our other clients", () => {
  assert.deepEqual(LINES.map(({ what }) => what), [
    "server CPU a message",
    "messages a second",
    "server CPU a message, a Hoist 1 client",
  ]);
  assert.equal(LINES[2]?.ratio, 2);
  assert.equal(LINES[2]?.holds, undefined);
  assert.deepEqual(LINES[2]?.peers, {});
});

Deno.test("marks a target that is missed", () => {
  const lines = summarize(results({ hoist: [12], bare: [10] }));
  assert.equal(lines[0]?.holds, false);
  assert.match(formatTable(lines), /1\.20 {1}<= 1\.10 {2}NO/);
  assert.match(formatTable(lines), /0 of 1 targets hold/);
});

Deno.test("prints each heading once, and a dash without a figure", () => {
  const table = formatTable([
    ...LINES,
    ...summarize(results({ ws: [1] }, { ...ROW, label: "alone" })),
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

const WAYS: Row = {
  ...ROW,
  section: "Streams",
  label: "rows",
  targets: {},
  bounds: { rate: 300 },
  sides: { ours: "stream", base: "calls", others: ["chunks"] },
};

Deno.test("compares other sides than Hoist and bare Deno", () => {
  const [cpu] = summarize(
    results({ stream: [2], calls: [4], chunks: [1] }, WAYS),
  );
  assert.equal(cpu?.hoist, 2);
  assert.equal(cpu?.bare, 4);
  assert.equal(cpu?.ratio, 0.5);
  assert.deepEqual(cpu?.peers, { chunks: 0.25 });
  assert.equal(cpu?.holds, undefined);
});

Deno.test("judges a figure with a bound by itself, without a ratio", () => {
  const figures = { stream: [2_000, 4_000, 5_000], calls: [1, 1, 1] };
  const [, rate] = summarize(results(figures, WAYS));
  assert.equal(rate?.ratio, undefined);
  assert.equal(rate?.target, 300);
  assert.equal(rate?.holds, true);
  assert.deepEqual(rate?.peers, {});
  const [, fast] = summarize(results({ stream: [1_000] }, WAYS));
  assert.equal(fast?.holds, false);
});

Deno.test("prints a heading for each group of sides", () => {
  const ways = summarize(results({ stream: [2_000], calls: [4_000] }, WAYS));
  const table = formatTable([...LINES, ...ways]);
  assert.match(table, /^ +Hoist +bare Deno +ratio .+Python +load$/m);
  assert.match(
    table,
    /\n\n +a stream +calls +ratio .+chunks +load\n\nStreams\n/,
  );
  assert.match(table, /500\/s +250\/s +- +<= 300 +NO/);
});

Deno.test("draws only figures that are relative to bare Deno", () => {
  const row = { ...WAYS, targets: { cpu: 1 } };
  const ways = summarize(results({ stream: [2], calls: [4] }, row));
  assert.doesNotMatch(drawPlot([...LINES, ...ways], MACHINE), /Streams/);
});

Deno.test("prints a table that fits into a terminal", () => {
  // The ratios are as different as a million per second and ten per second.
  const wide = results({
    hoist: [0.5],
    bare: [0.5],
    "hoist-16k": [0.5],
    ws: [50_000],
    python: [50_000],
  });
  const lines = formatTable(summarize(wide)).split("\n");
  const longest = Math.max(...lines.map(({ length }) => length));
  assert(longest <= MAX_WIDTH, `${longest} columns`);
});

Deno.test("formats figures with three digits and thousands separators", () => {
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

Deno.test("draws a bar for each ratio of our own client", () => {
  const svg = drawPlot(LINES, MACHINE);
  const bars = svg.match(/<rect [^>]*height="7.5"[^>]*>/g) ?? [];
  assert.equal(bars.length, 2, "Hoist and ws");
  assert.match(svg, /<title id="title">/);
  assert.match(svg, /Hoist 1\.00, ws 3\.00\./);
});

Deno.test("draws broadcasts only for the largest number of clients", () => {
  const lines = ["100", "5,000"].flatMap((size) => {
    const label = `${size} clients, single`;
    const row = { ...ROW, section: "Broadcast", label };
    return summarize(results({ hoist: [1], bare: [1] }, row));
  });
  const svg = drawPlot(lines, MACHINE);
  assert.match(svg, />5,000 clients, single</);
  assert.doesNotMatch(svg, />100 clients/);
});

Deno.test("escapes the content of the plot", () => {
  const svg = drawPlot(LINES, MACHINE);
  assert.match(svg, /32 &lt;connections> &amp; more/);
  assert.match(svg, /A &lt;fast> &amp; small one/);
  const opened = svg.match(/<[a-z]+[^>]*[^/]>/g)?.length;
  assert.equal(opened, svg.match(/<\/[a-z]+>/g)?.length);
});

Deno.test("draws an empty plot without results", () => {
  assert.match(drawPlot([], MACHINE), /^<svg [^]*<\/svg>\n$/);
});
