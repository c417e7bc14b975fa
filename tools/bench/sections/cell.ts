/**
 * What sections are made of: rows of the table, and cells that measure one contender
 * for one row in one round.
 *
 * @module
 */

import type { Contender, ContenderName } from "../contenders.ts";
import type { Measurement } from "../load/commands.ts";
import type { Sides, SubjectName } from "../sides.ts";
import { percentile } from "../statistics.ts";
import type { Context } from "./context.ts";

/** One of the figures that a row has. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly unit: "us" | "/s" | "ms" | "KiB" | "MiB" | "rows" | "times";
}

/** What is compared: one workload, in all its figures. */
export interface Row {
  readonly section: string;
  readonly label: string;
  readonly metrics: readonly Metric[];
  /** What the ratio of a metric, ours to bare Deno's, should not exceed */
  readonly targets: Readonly<Record<string, number>>;
  /** What our figure itself should not exceed, of metrics without a ratio */
  readonly bounds?: Readonly<Record<string, number>>;
  /** Who is compared; this library with bare Deno and the peers if left out */
  readonly sides?: Sides;
}

/** The figures of one contender in one round, by the keys of the metrics. */
export type Values = Readonly<Record<string, number>>;

/** The share of a core that the load generator took, in the values of a cell. */
export const LOAD = "load";

/** One contender in one round. */
export interface Cell {
  readonly row: Row;
  readonly contender: SubjectName;
  readonly round: number;
  /** Measures; throws if it does not work */
  measure(): Promise<Values>;
}

/**
 * The cells of a row: round by round, so that the contenders are measured under the
 * same conditions, and each round in another order.
 */
export function interleave(
  context: Context,
  row: Row,
  names: readonly ContenderName[],
  measure: (contender: Contender, round: number) => Promise<Values>,
): Cell[] {
  const contenders = context.choose(names);
  return takeTurns(contenders, ({ name }) => context.rounds(name))
    .map(({ subject: contender, round }): Cell => ({
      row,
      contender: contender.name,
      round,
      measure: () => measure(contender, round),
    }));
}

/** One of those who are measured, in one round. */
export interface Turn<Subject> {
  readonly subject: Subject;
  readonly round: number;
}

/** Round by round, all who take part in it, each time in another order. */
export function takeTurns<Subject>(
  subjects: readonly Subject[],
  rounds: (subject: Subject) => number,
): Turn<Subject>[] {
  const count = Math.max(...subjects.map(rounds));
  return Array.from({ length: count }, (_, round) =>
    rotate(subjects, round)
      .filter((subject) => round < rounds(subject))
      .map((subject) => ({ subject, round }))).flat();
}

/** The same list, beginning somewhere else. */
export function rotate<T>(list: readonly T[], by: number): T[] {
  const start = by % Math.max(1, list.length);
  return [...list.slice(start), ...list.slice(0, start)];
}

/** CPU time and number of what was measured, and how long each took at p50 and p99. */
export function valuesOf(measurement: Measurement): Values {
  const { units, seconds, serverCpu, ownCpu, times } = measurement;
  return {
    cpu: serverCpu / units * 1e6,
    rate: units / seconds,
    [LOAD]: ownCpu / seconds,
    serverShare: serverCpu / seconds,
    ...percentiles(times),
  };
}

/** p50 and p99, if there are times. */
export function percentiles(times: readonly number[]): Values {
  const p50 = percentile(times, 0.5);
  const p99 = percentile(times, 0.99);
  return p50 === undefined || p99 === undefined ? {} : { p50, p99 };
}
