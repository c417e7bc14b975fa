/**
 * Measures the CPU time of the server and of the load generator in a span of time.
 *
 * @module
 */

import { cpuBetween, type CpuReading, readCpu } from "../accounting.ts";

/** The result of a span of time. */
export interface Span {
  readonly seconds: number;
  /** CPU time of the server, in seconds */
  readonly serverCpu: number;
  /** CPU time of this load generator, in seconds */
  readonly ownCpu: number;
}

/** Measures from its construction on. */
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

  /** Returns the result. */
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
