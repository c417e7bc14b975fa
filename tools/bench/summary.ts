/**
 * From the cells of all rounds to the lines of the table.
 *
 * @module
 */

import { OURS } from "./contenders.ts";
import { LOAD, type Metric, type Row, type Values } from "./sections/cell.ts";
import { LABELS, type Sides, type SubjectName, USUAL } from "./sides.ts";
import { median, pairedRatio, type Rounds } from "./statistics.ts";

/** What a cell came to. */
export interface CellResult {
  readonly row: Row;
  readonly contender: SubjectName;
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
  /** Who is compared; others than this library and bare Deno stand in their places */
  readonly sides: Sides;
  /** Medians over the rounds */
  readonly hoist: number | undefined;
  readonly bare: number | undefined;
  /** Ours to bare Deno's, the median over the ratios of the rounds */
  readonly ratio: number | undefined;
  /** For the ratio or, where there is none, for our figure */
  readonly target: number | undefined;
  readonly holds: boolean | undefined;
  /** Everybody else's to bare Deno's */
  readonly peers: Peers;
  /** The largest share of a core that a load generator took in this row */
  readonly load: number | undefined;
}

type Peers = Readonly<Partial<Record<SubjectName, number>>>;

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
  const { ours } = row.sides ?? USUAL;
  const lines = row.metrics.map((metric) => lineOf(row, metric, ours, results));
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

/** What all came to in one metric. */
function figuresOf(
  row: Row,
  { key }: Metric,
  ours: SubjectName,
  results: readonly CellResult[],
): Pick<Line, "hoist" | "bare" | "ratio" | "peers"> {
  const { base, others } = row.sides ?? USUAL;
  const rounds = (name: SubjectName) => roundsOf(results, name, key);
  // What has a bound of its own may be nothing at all, and has no ratio.
  const isCompared = row.bounds?.[key] === undefined;
  const compare = (name: SubjectName) =>
    isCompared ? pairedRatio(rounds(name), rounds(base)) : undefined;
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

function roundsOf(
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
