/**
 * Formats the table at the end of the bench.
 *
 * @module
 */

import { LABELS, type Sides, type SubjectName } from "./sides.ts";
import type { Line } from "./summary.ts";

/** The largest width of the table, in characters. */
export const MAX_WIDTH = 120;

/** A column: its heading, its width, and its content. */
interface Column {
  readonly heading: string;
  readonly width: number;
  readonly text: (line: Line) => string;
}

/** Returns the columns of the lines with the same sides. */
function columnsFor({ ours, base, others }: Sides): Column[] {
  return [
    { heading: "", width: 42, text: ({ what }) => `    ${what}` },
    {
      heading: LABELS[ours],
      width: 12,
      text: ({ hoist, unit }) => formatValue(hoist, unit),
    },
    {
      heading: LABELS[base],
      width: 11,
      text: ({ bare, unit }) => formatValue(bare, unit),
    },
    { heading: "ratio", width: 6, text: ({ ratio }) => formatRatio(ratio) },
    { heading: "target", width: 8, text: ({ target }) => formatTarget(target) },
    { heading: "ok", width: 4, text: ({ holds }) => formatHolds(holds) },
    ...others.map(peerColumn),
    { heading: "load", width: 6, text: ({ load }) => formatLoad(load) },
  ];
}

const LEGEND = [
  "ratio   the first figure divided by the second: the median of the ratios of the rounds. Less is better, except for",
  "        figures per second. Bare Deno is a Deno.serve that only calls JSON.parse and JSON.stringify.",
  "ws …    the same ratio for the other libraries",
  "target  the largest ratio that is good or, without a ratio, the largest figure",
  "load    the largest share of a core that the load generator used. From 0.9 on, it can be the bottleneck.",
];

/** Returns the table, with a legend. */
export function formatTable(lines: readonly Line[]): string {
  const body = lines.flatMap((line, index) => [
    ...titlesOf(line, lines[index - 1]),
    rowOf(line.sides, ({ text }) => text(line)),
  ]);
  return [...body, "", ...LEGEND, "", verdict(lines), ""].join("\n");
}

/** Formats a figure with its unit. */
export function formatValue(value: number | undefined, unit: string): string {
  if (value === undefined) return "-";
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  const number = value.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return unit === "/s" ? `${number}/s` : `${number} ${unit}`;
}

/** Formats a ratio. */
export function formatRatio(ratio: number | undefined): string {
  if (ratio === undefined) return "-";
  if (ratio < 0.095) return ratio.toFixed(3);
  return ratio.toFixed(ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0);
}

/** Returns the headings that begin at this line: sides, section and workload. */
function titlesOf(line: Line, before: Line | undefined): string[] {
  const hasNewSides = line.sides !== before?.sides;
  const isNewSection = line.section !== before?.section;
  const isNew = isNewSection || line.workload !== before?.workload;
  return [
    ...(hasNewSides && before !== undefined ? [""] : []),
    ...(hasNewSides ? [rowOf(line.sides, ({ heading }) => heading)] : []),
    ...(isNewSection ? ["", line.section] : []),
    ...(isNew ? [`  ${line.workload}`] : []),
  ];
}

function verdict(lines: readonly Line[]): string {
  const judged = lines.filter(({ holds }) => holds !== undefined);
  const held = judged.filter(({ holds }) => holds);
  return `${held.length} of ${judged.length} targets hold`;
}

function rowOf(sides: Sides, textOf: (column: Column) => string): string {
  return columnsFor(sides).map((column, index) => {
    const text = textOf(column);
    return index === 0
      ? text.padEnd(column.width)
      : text.padStart(column.width);
  }).join("").trimEnd();
}

function peerColumn(name: SubjectName): Column {
  return {
    heading: LABELS[name],
    width: LABELS[name].length < 7 ? 7 : LABELS[name].length + 1,
    text: ({ peers, isMain }) => isMain ? formatRatio(peers[name]) : "",
  };
}

function formatTarget(target: number | undefined): string {
  if (target === undefined) return "";
  return `<= ${target.toFixed(target < 100 ? 2 : 0)}`;
}

function formatHolds(holds: boolean | undefined): string {
  return holds === undefined ? "" : holds ? "yes" : "NO";
}

function formatLoad(load: number | undefined): string {
  return load === undefined ? "" : load.toFixed(2);
}
