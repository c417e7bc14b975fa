/**
 * A stretch of time in which the CPU of the server and of the generator is counted.
 *
 * @module
 */

import { cpuBetween, type CpuReading, readCpu } from "../accounting.ts";

/** What a stretch of time came to. */
export interface Span {
  readonly seconds: number;
  /** CPU time of the server, in seconds */
  readonly serverCpu: number;
  /** CPU time of this generator, in seconds */
  readonly ownCpu: number;
}

/** Counts from when it is made. */
export class Window {
  readonly #pids: readonly number[];
  readonly #start: number;
  readonly #server: CpuReading;
  readonly #own: CpuReading;

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#server = readCpu(pids);
    this.#own = readCpu(["self"]);
    this.#start = performance.now();
  }

  /** What it has come to. */
  close(): Span {
    const seconds = (performance.now() - this.#start) / 1e3;
    const server = readCpu(this.#pids);
    return {
      seconds,
      serverCpu: cpuBetween(this.#server, server) / 1e9,
      ownCpu: cpuBetween(this.#own, readCpu(["self"])) / 1e9,
    };
  }
}
