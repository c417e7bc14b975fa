/**
 * From the cells of all rounds to the lines of the table.
 *
 * @module
 */

import { type ContenderName, LABELS, OURS, PEERS } from "./contenders.ts";
import { LOAD, type Metric, type Row, type Values } from "./sections/cell.ts";
import { median, pairedRatio, type Rounds } from "./statistics.ts";

/** What a cell came to. */
export interface CellResult {
  readonly row: Row;
  readonly contender: ContenderName;
  readonly round: number;
  readonly values: Values;
}

/** One line of the table: one metric of one row. */
export interface Line {
  readonly section: string;
  /** The workload; the first line of each has it */
  readonly workload: string;
  /** What is different from the lines before: a metric, or another client */
  readonly what: string;
  /** Whether this is our own client, with whom the others are compared */
  readonly isMain: boolean;
  readonly metric: string;
  readonly unit: Metric["unit"];
  /** Medians over the rounds */
  readonly hoist: number | undefined;
  readonly bare: number | undefined;
  /** Ours to bare Deno's, the median over the ratios of the rounds */
  readonly ratio: number | undefined;
  readonly target: number | undefined;
  readonly holds: boolean | undefined;
  /** Everybody else's to bare Deno's */
  readonly peers: Readonly<Partial<Record<ContenderName, number>>>;
  /** The largest share of a core that a load generator took in this row */
  readonly load: number | undefined;
}

/** All the lines, in the order in which their rows were measured first. */
export function summarise(results: readonly CellResult[]): Line[] {
  const rows = new Set(results.map(({ row }) => row));
  return [...rows].flatMap((row) =>
    linesOf(row, results.filter((result) => result.row === row))
  );
}

function linesOf(row: Row, results: readonly CellResult[]): Line[] {
  const variants = OURS.filter((name) =>
    name !== "hoist" && results.some(({ contender }) => contender === name)
  );
  const lines = row.metrics.map((metric) =>
    lineOf(row, metric, "hoist", results)
  );
  const [first] = row.metrics;
  if (first === undefined) return [];
  // Of other clients of ours, the first metric says enough.
  return lines.concat(
    variants.map((name) => lineOf(row, first, name, results)),
  );
}

function lineOf(
  row: Row,
  metric: Metric,
  ours: ContenderName,
  results: readonly CellResult[],
): Line {
  const rounds = (name: ContenderName) => roundsOf(results, name, metric.key);
  const bare = rounds("bare");
  const isMain = ours === "hoist";
  const ratio = pairedRatio(rounds(ours), bare);
  const target = isMain ? row.targets[metric.key] : undefined;
  const isKnown = ratio !== undefined && target !== undefined;
  return {
    section: row.section,
    workload: row.label,
    what: isMain ? metric.label : `${metric.label}, ${LABELS[ours]}`,
    isMain,
    metric: metric.key,
    unit: metric.unit,
    hoist: median([...rounds(ours).values()]),
    bare: median([...bare.values()]),
    ratio,
    target,
    holds: isKnown ? ratio <= target : undefined,
    peers: isMain ? compareAll(rounds, bare) : {},
    load: largestLoad(results),
  };
}

function compareAll(
  rounds: (name: ContenderName) => Rounds,
  bare: Rounds,
): Partial<Record<ContenderName, number>> {
  const entries = PEERS.map((name) => [name, pairedRatio(rounds(name), bare)]);
  return Object.fromEntries(entries.filter(([, ratio]) => ratio !== undefined));
}

function roundsOf(
  results: readonly CellResult[],
  name: ContenderName,
  key: string,
): Rounds {
  return new Map(
    results.flatMap(({ contender, round, values }): [number, number][] => {
      const value = values[key];
      return contender === name && value !== undefined ? [[round, value]] : [];
    }),
  );
}

function largestLoad(results: readonly CellResult[]): number | undefined {
  const loads = results.flatMap(({ values }) => values[LOAD] ?? []);
  return loads.length === 0 ? undefined : Math.max(...loads);
}
