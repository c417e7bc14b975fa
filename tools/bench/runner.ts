/**
 * Measures one cell after the other, and reports the progress.
 *
 * @module
 */

import type { SectionName } from "./arguments.ts";
import { broadcasts } from "./sections/broadcast.ts";
import { brokers } from "./sections/brokers.ts";
import type { Cell, Values } from "./sections/cell.ts";
import { connections } from "./sections/connections.ts";
import { fairness } from "./sections/fairness.ts";
import { memory } from "./sections/memory.ts";
import { roundTrips } from "./sections/round_trips.ts";
import { rooms } from "./sections/rooms.ts";
import type { Context } from "./sections/context.ts";
import { sockets } from "./sections/sockets.ts";
import { startUp } from "./sections/start_up.ts";
import { streams } from "./sections/streams.ts";
import { tracing } from "./sections/tracing.ts";
import { types } from "./sections/types.ts";
import type { CellResult } from "./summary.ts";
import { formatValue } from "./table.ts";

const SECTIONS: Readonly<Record<SectionName, (context: Context) => Cell[]>> = {
  "round-trips": roundTrips,
  broadcast: broadcasts,
  memory,
  connections,
  fairness,
  "start-up": startUp,
  types,
  streams,
  sockets,
  rooms,
  brokers,
  tracing,
};

/** The results of all cells. */
export interface Outcome {
  readonly results: CellResult[];
  /** The cells that could not be measured, with the reasons */
  readonly failures: string[];
}

/** Measures sections, and prints one line for each cell. */
export async function run(
  context: Context,
  names: readonly SectionName[],
  print: (line: string) => void,
): Promise<Outcome> {
  const plans = names.map((name) => SECTIONS[name](context));
  const total = plans.reduce((sum, cells) => sum + cells.length, 0);
  const runner = new Runner(context, total, print);
  for (const cells of plans) {
    for (const cell of cells) await runner.run(cell);
    await context[Symbol.asyncDispose]();
  }
  return runner;
}

class Runner implements Outcome {
  readonly results: CellResult[] = [];
  readonly failures: string[] = [];
  readonly #context: Context;
  readonly #total: number;
  readonly #print: (line: string) => void;
  /** The cells that failed in a round, and that are not tried again */
  readonly #failed = new Set<string>();
  #count = 0;

  constructor(context: Context, total: number, print: (line: string) => void) {
    this.#context = context;
    this.#total = total;
    this.#print = print;
  }

  /** Measures a cell, unless it failed in an earlier round. */
  async run(cell: Cell): Promise<void> {
    this.#count++;
    const subject = nameOf(cell);
    if (this.#failed.has(subject)) return;
    try {
      const values = await cell.measure();
      await this.#context.release(cell.contender);
      const { row, contender, round } = cell;
      this.results.push({ row, contender, round, values });
      this.#report(`${subject}: ${describe(cell, values)}`);
    } catch (error) {
      await this.#fail(cell, error);
    }
  }

  async #fail(cell: Cell, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    const line = `${nameOf(cell)}: not measured, ${reason}`;
    this.#failed.add(nameOf(cell));
    this.failures.push(line);
    this.#report(line);
    // A server that failed is not used for the next cell.
    await this.#context.drop(cell.contender);
  }

  #report(line: string): void {
    const total = String(this.#total);
    const count = String(this.#count).padStart(total.length);
    this.#print(`[${count}/${total}] ${line}`);
  }
}

function nameOf({ row, contender }: Cell): string {
  return `${row.section.toLowerCase()}, ${row.label}, ${contender}`;
}

function describe({ row }: Cell, values: Values): string {
  const figures = row.metrics
    .filter(({ key }) => values[key] !== undefined)
    .map(({ key, unit }) => formatValue(values[key], unit));
  return figures.join(", ") || "result in the last round";
}
