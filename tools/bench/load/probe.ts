/**
 * Measures the round trips of one client during an unrelated load.
 *
 * @module
 */

import type { Measurement, ProbeCommand } from "./commands.ts";
import { takeChunks } from "./conversation.ts";
import type { ClientPool } from "./client_pool.ts";
import { pause } from "../../lib/deadline.ts";
import { textFrame } from "../../lib/frames.ts";
import { FrameReader } from "../../lib/frame_reader.ts";
import { Window } from "./window.ts";

/** The longest wait for the last answers, in milliseconds. */
const TIMEOUT = 10_000;

/** The first id of requests; no other request of the bench has such an id. */
const FIRST_ID = 1_000_000;

const ANSWER = /"result":\s*3\},[^{}]*"id":\s*(\d+)\}/g;

/** Measures round trips at fixed times. */
export async function measureProbe(
  pool: ClientPool,
  { every, duration }: ProbeCommand,
): Promise<Measurement> {
  await pool.grow(1);
  const probe = new Probe(pool);
  const window = new Window([]);
  await probe.send(every, duration);
  const span = window.close();
  const times = await probe.finish();
  pool.rest();
  return { ...span, units: times.length, times };
}

class Probe {
  readonly #pool: ClientPool;
  readonly #reader = new FrameReader();
  /** The times at which the requests in progress were sent, by id. */
  readonly #sentAt = new Map<number, number>();
  readonly #times: number[] = [];
  #onQuiet = (): void => {};

  constructor(pool: ClientPool) {
    this.#pool = pool;
    takeChunks(pool.caller, pool.dialect, (chunk) => this.#take(chunk));
  }

  // The requests have fixed times. If the probe waited for each answer before the next
  // request, it would measure fewer slow requests.
  async send(every: number, duration: number): Promise<void> {
    const start = performance.now();
    const count = Math.floor(duration / every);
    for (let sent = 0; sent < count;) {
      const due = start + sent * every;
      if (due > performance.now()) await pause(due - performance.now());
      else this.#send(FIRST_ID + sent++);
    }
  }

  /** Returns the time of each round trip, when all requests are answered. */
  async finish(): Promise<number[]> {
    const quiet = new Promise<void>((resolve) => {
      this.#onQuiet = resolve;
      if (this.#sentAt.size === 0) resolve();
    });
    const received = () => this.#pool.caller.lastReceived();
    const describe = () =>
      `the probe waits for an answer, received last: ${received()}`;
    await this.#pool.wait(quiet, TIMEOUT, describe);
    return this.#times;
  }

  #send(id: number): void {
    this.#sentAt.set(id, performance.now());
    this.#pool.caller.write(
      textFrame(this.#pool.dialect.call(id, "add", { a: 1, b: 2 })),
    );
  }

  #take(chunk: Uint8Array): void {
    const now = performance.now();
    for (const frame of this.#reader.read(chunk)) {
      for (const [, id] of frame.text.matchAll(ANSWER)) {
        this.#times.push(now - (this.#sentAt.get(Number(id)) ?? NaN));
        this.#sentAt.delete(Number(id));
      }
    }
    if (this.#sentAt.size === 0) this.#onQuiet();
  }
}
