/**
 * Measures requests: each connection sends a number of them in one tick, and sends the
 * next ones when all are answered.
 *
 * @module
 */

import type { Measurement, RoundTripsCommand } from "./commands.ts";
import { takeChunks } from "./conversation.ts";
import { Counter } from "./counter.ts";
import type { ClientPool } from "./client_pool.ts";
import { pause } from "../../lib/deadline.ts";
import { Window } from "./window.ts";
import type { Wire } from "./wire.ts";

/** The longest wait for the last answers, in milliseconds. */
const TIMEOUT = 10_000;

/** Measures requests. */
export async function measureRoundTrips(
  pool: ClientPool,
  command: RoundTripsCommand,
): Promise<Measurement> {
  await pool.grow(command.connections);
  const traffic = new Traffic(pool, command);
  await pause(command.warmUp);
  const window = new Window(command.pids);
  const before = traffic.answered;
  await pause(command.duration);
  const units = traffic.answered - before;
  const span = window.close();
  await traffic.finish();
  if (units === 0) throw new Error("no request was answered in time");
  return { ...span, units, times: [] };
}

/** The requests of all connections. */
class Traffic {
  answered = 0;
  readonly #pool: ClientPool;
  readonly #busy = new Set<Wire>();
  #running = true;
  #onQuiet = (): void => {};

  constructor(pool: ClientPool, command: RoundTripsCommand) {
    const { kind, inProgress, connections } = command;
    const requests = pool.dialect.requests(kind, inProgress);
    const answer = pool.dialect.answer(kind);
    this.#pool = pool;
    for (const wire of pool.wires.slice(0, connections)) {
      this.#busy.add(wire);
      this.#converse(wire, requests, new Counter(answer), inProgress);
    }
  }

  /** Waits for the requests in progress, and sends no more. */
  async finish(): Promise<void> {
    this.#running = false;
    const quiet = new Promise<void>((resolve) => {
      this.#onQuiet = resolve;
      if (this.#busy.size === 0) resolve();
    });
    const describe = () => this.#describeSilence();
    await this.#pool.wait(quiet, TIMEOUT, describe);
    this.#pool.rest();
  }

  #converse(
    wire: Wire,
    requests: Uint8Array,
    counter: Counter,
    inProgress: number,
  ): void {
    let left = inProgress;
    takeChunks(wire, this.#pool.dialect, (chunk) => {
      const count = counter.count(chunk);
      this.answered += count;
      left -= count;
      if (left > 0) return;
      left += inProgress;
      if (this.#running) wire.write(requests);
      else this.#retire(wire);
    });
    wire.write(requests);
  }

  #retire(wire: Wire): void {
    this.#busy.delete(wire);
    if (this.#busy.size === 0) this.#onQuiet();
  }

  #describeSilence(): string {
    const [wire] = this.#busy;
    return `${this.#busy.size} connections wait for answers, one of them received last: ${wire?.lastReceived()}`;
  }
}
