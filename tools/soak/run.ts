/**
 * The course of a run: load, pause, the same load again, pause, and a check of the
 * memory that the server has kept.
 *
 * @module
 */

import { pause } from "../lib/deadline.ts";
import type { Options } from "./arguments.ts";
import { Processes } from "./processes.ts";
import type { GroupReport, Memory, ServerReport } from "./commands.ts";
import { judgeMemory } from "./verdict.ts";

/** The share of the time for the warm-up, and its longest duration. */
const WARM_UP = { share: 0.5, most: 30_000 };

/** The time between two reports, in milliseconds. */
const INTERVAL = 500;

/** Longer than Deno keeps the memory of a closed WebSocket, in milliseconds. */
const RELEASE_TIME = 17_000;

/** The reports at one moment. */
export interface Snapshot {
  readonly phase: "warm-up" | "pause" | "load" | "end";
  readonly server: ServerReport;
  readonly groups: readonly GroupReport[];
  /** The number of killed processes */
  readonly killed: number;
}

/** The result of a run. */
export interface Outcome extends Snapshot {
  /** The memory without garbage, after the warm-up and at the end */
  readonly start: Memory;
  readonly end: Memory;
  /** The largest memory in any report */
  readonly peak: Memory;
}

/** Runs a server and its clients. Calls `show` with each report. */
export async function run(
  options: Options,
  show: (snapshot: Snapshot) => void,
): Promise<Outcome> {
  await using processes = await Processes.start(options);
  const course = new Course(processes, show);
  const time = options.seconds * 1_000;
  const warmUp = Math.min(time * WARM_UP.share, WARM_UP.most);
  const warm = await course.load("warm-up", warmUp);
  // A problem in the warm-up ends the run.
  const rested = await course.isSound()
    ? await course.load("load", time - warmUp)
    : warm;
  const start = warm.memory;
  const end = await course.settle(start, rested.memory);
  await processes.fill();
  await processes.close();
  const last = await course.report("end");
  return { ...last, start, end, peak: course.peak };
}

/** Puts the same server under load again and again. */
class Course {
  readonly #processes: Processes;
  readonly #show: (snapshot: Snapshot) => void;
  peak: Memory = { rss: 0, heap: 0 };

  constructor(processes: Processes, show: (snapshot: Snapshot) => void) {
    this.#processes = processes;
    this.#show = show;
  }

  /** Runs the clients for a time, and returns the server's report without clients. */
  async load(phase: "warm-up" | "load", time: number): Promise<ServerReport> {
    await this.#processes.start();
    const end = performance.now() + time;
    while (performance.now() < end) {
      await pause(Math.min(INTERVAL, end - performance.now()));
      await this.#processes.maybeKill();
      await this.report(phase);
    }
    await this.#processes.finish();
    return await this.#processes.collect();
  }

  /** Returns the memory at the end. Measures it again later if it seems too large. */
  async settle(start: Memory, end: Memory): Promise<Memory> {
    if (judgeMemory({ start, end }).length === 0) return end;
    await pause(RELEASE_TIME);
    return (await this.#processes.collect()).memory;
  }

  /** Returns whether there is no problem without clients. */
  async isSound(): Promise<boolean> {
    const { server, groups } = await this.report("pause");
    const isQuiet = [server, ...groups].every(({ found }) => found.count === 0);
    const { clients, leaked, waiting, running, pending } = server;
    return isQuiet && clients + leaked + waiting + running + pending === 0;
  }

  /** Gets the reports of all processes. */
  async report(phase: Snapshot["phase"]): Promise<Snapshot> {
    const snapshot = { phase, ...await this.#processes.report() };
    const { memory } = snapshot.server;
    this.peak = {
      rss: Math.max(this.peak.rss, memory.rss),
      heap: Math.max(this.peak.heap, memory.heap),
    };
    this.#show(snapshot);
    return snapshot;
  }
}
