/**
 * Types: the time of the compiler for a program with a contract of many operations.
 *
 * @module
 */

import type { Sides } from "../sides.ts";
import { check } from "../types/check.ts";
import { type Kind, makeProgram } from "../types/program.ts";
import {
  type Cell,
  type Metric,
  type Row,
  takeTurns,
  type Values,
} from "./cell.ts";
import type { Context } from "./context.ts";

const SIDES: Sides = { ours: "contract", base: "names", others: [] };
const KINDS: readonly Kind[] = ["contract", "names"];

/** The largest good growth of the time if the number of operations doubles. */
const MOST_GROWTH = 2.2;

/** The smallest number of operations whose time exceeds the variation of the start. */
const LARGE = 200;

/** The cost of the process and of the library without any operation. */
const EMPTY: Row = {
  section: "Types",
  label: "no operation",
  metrics: [
    { key: "cpu", label: "deno check, CPU", unit: "ms" },
    { key: "time", label: "deno check, time", unit: "ms" },
  ],
  targets: {},
  sides: SIDES,
};

/** Returns the cells of this section. */
export function types({ scale }: Context): Cell[] {
  const { typesRounds, contractSizes } = scale;
  const rows = contractSizes.map(rowOf);
  const courses = KINDS.map((kind) => new Course(kind));
  return takeTurns(courses, () => typesRounds).flatMap(
    ({ subject: course, round }) => {
      const isLast = round === typesRounds - 1;
      return [EMPTY, ...rows].map((row, index): Cell => ({
        row,
        contender: course.kind,
        round,
        measure: () => course.measure(contractSizes[index - 1] ?? 0, isLast),
      }));
    },
  );
}

/** The cost of a check, in milliseconds. */
interface Cost {
  readonly cpu: number;
  readonly time: number;
}

/** The programs of one kind, from no operation to the most. */
class Course {
  readonly kind: Kind;
  /** The smallest cost in any round, by the number of operations. */
  readonly #costs = new Map<number, Cost>();

  constructor(kind: Kind) {
    this.kind = kind;
  }

  /**
   * Checks a program with a number of operations.
   *
   * @returns The cost and, in the last round, the cost of the operations
   */
  async measure(size: number, isLast: boolean): Promise<Values> {
    // The first check fills the caches of Deno and of the disk.
    if (this.#costs.size === 0) await costOf(this.kind, 0);
    const cost = await costOf(this.kind, size);
    this.#keepLeast(size, cost);
    const raw = { rawCpu: cost.cpu, rawTime: cost.time };
    return isLast ? { ...raw, ...this.#valuesOf(size) } : raw;
  }

  // Other load on the machine only adds time, sometimes as much as 100 operations.
  #keepLeast(size: number, { cpu, time }: Cost): void {
    const least = this.#costs.get(size) ?? { cpu, time };
    this.#costs.set(size, {
      cpu: Math.min(least.cpu, cpu),
      time: Math.min(least.time, time),
    });
  }

  #valuesOf(size: number): Values {
    if (size === 0) return { ...this.#costs.get(0) };
    const { cpu, time } = this.#extra(size);
    return { cpu, time, each: cpu / size, ...this.#growthTo(size) };
  }

  /** Returns the cost of the operations alone. */
  #extra(size: number): Cost {
    const empty = this.#costs.get(0);
    const cost = this.#costs.get(size);
    if (empty === undefined || cost === undefined) {
      throw new Error("a program for the comparison was not measured");
    }
    return { cpu: cost.cpu - empty.cpu, time: cost.time - empty.time };
  }

  #growthTo(size: number): Values {
    // Names cost so little that a ratio of two such figures means nothing.
    if (this.kind === "names" || !this.#costs.has(size / 2)) return {};
    return { growth: this.#extra(size).cpu / this.#extra(size / 2).cpu };
  }
}

async function costOf(kind: Kind, size: number): Promise<Cost> {
  const program = makeProgram(kind, size);
  const { time, cpu, success, report } = await check(program);
  if (success) return { cpu, time };
  throw new Error(`the program does not compile: ${report.slice(0, 500)}`);
}

function rowOf(size: number, index: number): Row {
  return {
    section: "Types",
    label: `${size} operations`,
    metrics: [
      { key: "cpu", label: "deno check, added CPU", unit: "ms" },
      { key: "time", label: "deno check, added time", unit: "ms" },
      { key: "each", label: "CPU per operation", unit: "ms" },
      ...(index === 0 ? [] : [GROWTH]),
    ],
    targets: {},
    bounds: size < LARGE ? {} : { growth: MOST_GROWTH },
    sides: SIDES,
  };
}

const GROWTH: Metric = {
  key: "growth",
  label: "CPU, relative to half as many",
  unit: "times",
};
