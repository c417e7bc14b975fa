/**
 * The round trips of one client that has nothing to do with what else goes on.
 *
 * @module
 */

import type { Measurement, ProbeCommand } from "./commands.ts";
import { takeChunks } from "./conversation.ts";
import type { ClientPool } from "./client_pool.ts";
import { pause } from "../../lib/deadline.ts";
import { textFrame } from "../../lib/frames.ts";
import { FrameReader, frameText } from "../../lib/frame_reader.ts";
import { Window } from "./window.ts";

/** How long the last answers may take, in milliseconds. */
const PATIENCE = 10_000;

/** The id of the first request; no other request of the bench has such an id. */
const FIRST_ID = 1_000_000;

const ANSWER = /"result":\s*3\},[^{}]*"id":\s*(\d+)\}/g;

/** Measures round trips on a schedule. */
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
  /** When each request that is under way was sent. */
  readonly #sentAt = new Map<number, number>();
  readonly #times: number[] = [];
  #onQuiet = (): void => {};

  constructor(pool: ClientPool) {
    this.#pool = pool;
    takeChunks(pool.speaker, pool.dialect, (chunk) => this.#take(chunk));
  }

  // On a schedule: a probe that waited with the next request until the last was answered
  // would leave out those that wait longest.
  async send(every: number, duration: number): Promise<void> {
    const start = performance.now();
    const count = Math.floor(duration / every);
    for (let sent = 0; sent < count;) {
      const due = start + sent * every;
      if (due > performance.now()) await pause(due - performance.now());
      else this.#ask(FIRST_ID + sent++);
    }
  }

  /** How long each took, once all are answered. */
  async finish(): Promise<number[]> {
    const quiet = new Promise<void>((resolve) => {
      this.#onQuiet = resolve;
      if (this.#sentAt.size === 0) resolve();
    });
    const words = () => this.#pool.speaker.lastWords();
    const describe = () => `the probe waits: ${words()}`;
    await this.#pool.wait(quiet, PATIENCE, describe);
    return this.#times;
  }

  #ask(id: number): void {
    this.#sentAt.set(id, performance.now());
    this.#pool.speaker.write(
      textFrame(this.#pool.dialect.call(id, "add", { a: 1, b: 2 })),
    );
  }

  #take(chunk: Uint8Array): void {
    const now = performance.now();
    for (const frame of this.#reader.read(chunk)) {
      for (const [, id] of frameText(frame).matchAll(ANSWER)) {
        this.#times.push(now - (this.#sentAt.get(Number(id)) ?? NaN));
        this.#sentAt.delete(Number(id));
      }
    }
    if (this.#sentAt.size === 0) this.#onQuiet();
  }
}
