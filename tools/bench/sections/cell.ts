/**
 * The parts of a section: the rows of the table, and the cells, which measure one
 * contender for one row in one round.
 *
 * @module
 */

import type { Contender, ContenderName } from "../contenders.ts";
import type { Measurement } from "../load/commands.ts";
import type { Sides, SubjectName } from "../sides.ts";
import { percentile } from "../statistics.ts";
import type { Context } from "./context.ts";

/** A figure of a row. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly unit: "us" | "/s" | "ms" | "B" | "KiB" | "MiB" | "rows" | "times";
}

/** A workload with all its figures. */
export interface Row {
  readonly section: string;
  readonly label: string;
  readonly metrics: readonly Metric[];
  /** The largest good ratio to bare Deno, by metric */
  readonly targets: Readonly<Record<string, number>>;
  /** The largest good figure, by metric, for metrics without a ratio */
  readonly bounds?: Readonly<Record<string, number>>;
  /** The sides of the comparison (default: this library, bare Deno and other libraries) */
  readonly sides?: Sides;
}

/** The figures of one contender in one round, by metric. */
export type Values = Readonly<Record<string, number>>;

/** The key of the share of a core that the load generator used. */
export const LOAD = "load";

/** One contender in one round. */
export interface Cell {
  readonly row: Row;
  readonly contender: SubjectName;
  readonly round: number;
  /** Measures, and throws an error if that fails */
  measure(): Promise<Values>;
}

/**
 * Returns the cells of a row, round by round, so that all contenders have the same
 * conditions. Each round has another order.
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

/** A subject in one round. */
export interface Turn<Subject> {
  readonly subject: Subject;
  readonly round: number;
}

/** Returns the turns of all subjects, round by round, each round in another order. */
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

/** Returns the array with another start. */
export function rotate<T>(list: readonly T[], by: number): T[] {
  const start = by % Math.max(1, list.length);
  return [...list.slice(start), ...list.slice(0, start)];
}

/** Returns the CPU time per unit, the units per second, and the p50 and p99 of the times. */
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

/** Returns p50 and p99 if there are times. */
export function percentiles(times: readonly number[]): Values {
  const p50 = percentile(times, 0.5);
  const p99 = percentile(times, 0.99);
  return p50 === undefined || p99 === undefined ? {} : { p50, p99 };
}
