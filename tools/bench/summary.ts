/**
 * Summarises the results of all rounds as the lines of the table.
 *
 * @module
 */

import { OURS } from "./contenders.ts";
import { LOAD, type Metric, type Row, type Values } from "./sections/cell.ts";
import { LABELS, type Sides, type SubjectName, USUAL } from "./sides.ts";
import { median, pairedRatios, type Rounds } from "./statistics.ts";

/** The result of a cell. */
export interface CellResult {
  readonly row: Row;
  readonly contender: SubjectName;
  readonly round: number;
  readonly values: Values;
}

/** One line of the table: one metric of one row. */
export interface Line {
  readonly section: string;
  readonly workload: string;
  /** The metric, and the client if it is not the usual one */
  readonly what: string;
  /** Whether this is our own client, which the others are compared with */
  readonly isMain: boolean;
  readonly metric: string;
  readonly unit: Metric["unit"];
  /** The sides of the comparison; `hoist` and `bare` stand for the first and second */
  readonly sides: Sides;
  /** The medians of the rounds */
  readonly hoist: number | undefined;
  readonly bare: number | undefined;
  /** The median of the ratios of the rounds: this library to bare Deno */
  readonly ratio: number | undefined;
  /** The largest ratio that is good or, without a ratio, the largest figure */
  readonly target: number | undefined;
  readonly holds: boolean | undefined;
  /** The ratios of the other libraries to bare Deno */
  readonly peers: Peers;
  /** The largest share of a core that a load generator used in this row */
  readonly load: number | undefined;
}

type Peers = Readonly<Partial<Record<SubjectName, number>>>;

/** Returns the lines, in the order of the measurements. */
export function summarize(results: readonly CellResult[]): Line[] {
  const rows = new Set(results.map(({ row }) => row));
  return [...rows].flatMap((row) =>
    linesOf(row, results.filter((result) => result.row === row))
  );
}

function linesOf(row: Row, results: readonly CellResult[]): Line[] {
  const variants = OURS.filter((name) =>
    name !== "hoist" && results.some(({ contender }) => contender === name)
  );
  const { ours } = row.sides ?? USUAL;
  const lines = row.metrics.map((metric) => lineOf(row, metric, ours, results));
  const [first] = row.metrics;
  if (first === undefined) return [];
  // The first metric is enough for the other clients.
  return lines.concat(
    variants.map((name) => lineOf(row, first, name, results)),
  );
}

function lineOf(
  row: Row,
  metric: Metric,
  ours: SubjectName,
  results: readonly CellResult[],
): Line {
  const sides = row.sides ?? USUAL;
  const isMain = ours === sides.ours;
  const figures = figuresOf(row, metric, ours, results);
  const { ratio, hoist } = figures;
  const bound = row.bounds?.[metric.key];
  const target = isMain ? bound ?? row.targets[metric.key] : undefined;
  return {
    section: row.section,
    workload: row.label,
    what: isMain ? metric.label : `${metric.label}, ${LABELS[ours]}`,
    isMain,
    metric: metric.key,
    unit: metric.unit,
    sides,
    ...figures,
    target,
    holds: isWithin(bound === undefined ? ratio : hoist, target),
    peers: isMain ? figures.peers : {},
    load: largestLoad(results),
  };
}

/** Returns the figures of all sides in one metric. */
function figuresOf(
  row: Row,
  { key }: Metric,
  ours: SubjectName,
  results: readonly CellResult[],
): Pick<Line, "hoist" | "bare" | "ratio" | "peers"> {
  const { base, others } = row.sides ?? USUAL;
  const rounds = (name: SubjectName) => roundsOf(results, name, key);
  // A figure with a bound can be zero, so it has no ratio.
  const isCompared = row.bounds?.[key] === undefined;
  const compare = (name: SubjectName) =>
    isCompared ? median(pairedRatios(rounds(name), rounds(base))) : undefined;
  return {
    hoist: median([...rounds(ours).values()]),
    bare: median([...rounds(base).values()]),
    ratio: compare(ours),
    peers: compareAll(others, compare),
  };
}

function compareAll(
  others: readonly SubjectName[],
  compare: (name: SubjectName) => number | undefined,
): Peers {
  const entries = others.map((name) => [name, compare(name)]);
  return Object.fromEntries(entries.filter(([, ratio]) => ratio !== undefined));
}

function isWithin(
  figure: number | undefined,
  target: number | undefined,
): boolean | undefined {
  if (figure === undefined || target === undefined) return undefined;
  return figure <= target;
}

/** Returns the values of one side in one metric. */
export function roundsOf(
  results: readonly CellResult[],
  name: SubjectName,
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
