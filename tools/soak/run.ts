/**
 * The course of a run: load, rest, the same load again, rest, and a look at what the
 * server has kept.
 *
 * @module
 */

import { pause } from "../lib/deadline.ts";
import type { Options } from "./arguments.ts";
import { Processes } from "./processes.ts";
import type { GroupReport, Memory, ServerReport } from "./commands.ts";
import { judgeMemory } from "./verdict.ts";

/** The share of the time that the warm-up takes, and the most that it takes. */
const WARM_UP = { share: 0.5, most: 30_000 };

/** The time from one look at everyone to the next, in milliseconds. */
const INTERVAL = 500;

/** How long Deno keeps what it has for a WebSocket that has closed, and a little more. */
const KEPT = 17_000;

/** What is known at some moment. */
export interface Snapshot {
  readonly phase: "warm-up" | "rest" | "load" | "end";
  readonly server: ServerReport;
  readonly groups: readonly GroupReport[];
  /** How many processes of clients were killed */
  readonly killed: number;
}

/** What a run came to. */
export interface Outcome extends Snapshot {
  /** After the warm-up, and after everything, both without garbage */
  readonly start: Memory;
  readonly end: Memory;
  /** The most that the server had at any look */
  readonly peak: Memory;
}

/** Runs a server and its clients; `show` is told how it goes. */
export async function run(
  options: Options,
  show: (snapshot: Snapshot) => void,
): Promise<Outcome> {
  await using processes = await Processes.start(options);
  const course = new Course(processes, show);
  const time = options.seconds * 1_000;
  const warmUp = Math.min(time * WARM_UP.share, WARM_UP.most);
  const warm = await course.load("warm-up", warmUp);
  // What went wrong in the warm-up gets no better.
  const rested = await course.isSound()
    ? await course.load("load", time - warmUp)
    : warm;
  const start = warm.memory;
  const end = await course.settle(start, rested.memory);
  await processes.fill();
  await processes.close();
  const last = await course.look("end");
  return { ...last, start, end, peak: course.peak };
}

/** Load after load on the same server. */
class Course {
  readonly #processes: Processes;
  readonly #show: (snapshot: Snapshot) => void;
  peak: Memory = { rss: 0, heap: 0 };

  constructor(processes: Processes, show: (snapshot: Snapshot) => void) {
    this.#processes = processes;
    this.#show = show;
  }

  /** Load for a time, and what the server is like when all have gone. */
  async load(phase: "warm-up" | "load", time: number): Promise<ServerReport> {
    await this.#processes.begin();
    const end = performance.now() + time;
    while (performance.now() < end) {
      await pause(Math.min(INTERVAL, end - performance.now()));
      await this.#processes.act();
      await this.look(phase);
    }
    await this.#processes.finish();
    return await this.#processes.rest();
  }

  /** The memory at the end, looked at again later if it seems to be too much. */
  async settle(start: Memory, end: Memory): Promise<Memory> {
    if (judgeMemory({ start, end }).length === 0) return end;
    await pause(KEPT);
    return (await this.#processes.rest()).memory;
  }

  /** Whether nothing is wrong when all have gone. */
  async isSound(): Promise<boolean> {
    const { server, groups } = await this.look("rest");
    const isQuiet = [server, ...groups].every(({ found }) => found.count === 0);
    const { clients, held, running, waiting } = server;
    return isQuiet && clients + held + running + waiting === 0;
  }

  /** Asks everyone how it is. */
  async look(phase: Snapshot["phase"]): Promise<Snapshot> {
    const snapshot = { phase, ...await this.#processes.look() };
    const { memory } = snapshot.server;
    this.peak = {
      rss: Math.max(this.peak.rss, memory.rss),
      heap: Math.max(this.peak.heap, memory.heap),
    };
    this.#show(snapshot);
    return snapshot;
  }
}
