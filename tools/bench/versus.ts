/**
 * The comparison of this checkout with another one. Both run in the same rounds, so that
 * whatever slows the machine down for a while slows both down.
 *
 * @module
 */

import { isOurs, LABELS, otherName, type OurName } from "./contenders.ts";
import type { Metric, Row } from "./sections/cell.ts";
import type { SubjectName } from "./sides.ts";
import { median, pairedRatios, type Rounds } from "./statistics.ts";
import { type CellResult, roundsOf } from "./summary.ts";
import { formatRatio } from "./table.ts";

/** The largest increase that does not count as worse, as a share. */
export const TOLERANCE = 0.03;

/** The number of rounds that a verdict needs. */
const ENOUGH_ROUNDS = 5;

/** One metric of one workload, in both checkouts. */
export interface Comparison {
  readonly section: string;
  readonly workload: string;
  readonly what: string;
  /** The medians of the ratios to bare Deno */
  readonly before: number | undefined;
  readonly after: number | undefined;
  /** The ratio of this checkout to the other one: the median, and the extremes */
  readonly change: number;
  readonly lowest: number;
  readonly highest: number;
  readonly rounds: number;
}

/** Compares the results of both checkouts. */
export function compare(results: readonly CellResult[]): Comparison[] {
  const rows = new Set(results.map(({ row }) => row));
  return [...rows].flatMap((row) => {
    const ofRow = results.filter((result) => result.row === row);
    const names = new Set(ofRow.map(({ contender }) => contender));
    return [...names].filter(isOurs).flatMap((name) => {
      // The first metric is enough for the other clients.
      const metrics = name === "hoist" ? row.metrics : row.metrics.slice(0, 1);
      return metrics.flatMap((metric) =>
        compareMetric(row, metric, name, ofRow)
      );
    });
  });
}

/** Returns whether all rounds of a metric are worse than the tolerance. */
export function isWorse({ lowest }: Comparison): boolean {
  return lowest > 1 + TOLERANCE;
}

/** Formats the comparisons as a table in Markdown, with a verdict below it. */
export function formatComparisons(comparisons: readonly Comparison[]): string {
  const worse = comparisons.filter(isWorse);
  const isShort = comparisons.some(({ rounds }) => rounds < ENOUGH_ROUNDS);
  return [
    "| section | workload | figure | before | after | change | rounds | |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...comparisons.map(formatComparison),
    "",
    "before, after  the ratio to bare Deno in the other and in this checkout (median)",
    "change         this checkout relative to the other one: median (lowest to highest",
    "               of the rounds). Less is better.",
    "",
    ...(isShort
      ? [`Fewer than ${ENOUGH_ROUNDS} rounds: the figures are rough.`]
      : []),
    worse.length === 0
      ? `No figure is worse by more than ${percent(TOLERANCE)} in every round.`
      : `${worse.length} figures are worse by more than ${
        percent(TOLERANCE)
      } in every round.`,
  ].join("\n");
}

// Omits figures per second: with a fixed load, such a figure is the inverse of the CPU
// time or it depends on the load generator.
function compareMetric(
  row: Row,
  metric: Metric,
  name: OurName,
  results: readonly CellResult[],
): Comparison[] {
  if (metric.unit === "/s") return [];
  const rounds = (subject: SubjectName): Rounds =>
    roundsOf(results, subject, metric.key);
  const ours = rounds(name);
  const others = rounds(otherName(name));
  const changes = pairedRatios(ours, others);
  const change = median(changes);
  if (change === undefined) return [];
  return [{
    section: row.section,
    workload: row.label,
    what: name === "hoist" ? metric.label : `${metric.label}, ${LABELS[name]}`,
    before: median(pairedRatios(others, rounds("bare"))),
    after: median(pairedRatios(ours, rounds("bare"))),
    change,
    lowest: Math.min(...changes),
    highest: Math.max(...changes),
    rounds: changes.length,
  }];
}

function formatComparison(comparison: Comparison): string {
  const { section, workload, what, before, after, rounds } = comparison;
  const { change, lowest, highest } = comparison;
  const range = `${signed(lowest)} to ${signed(highest)}`;
  const cells = [
    ...[section, workload, what, formatRatio(before), formatRatio(after)],
    ...[`${signed(change)} (${range})`, String(rounds)],
    isWorse(comparison) ? "WORSE" : "",
  ];
  return `| ${cells.join(" | ")} |`;
}

function signed(ratio: number): string {
  const change = ratio - 1;
  return `${change < 0 ? "-" : "+"}${percent(Math.abs(change))}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).replace(/\.0$/, "")}%`;
}
