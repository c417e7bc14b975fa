/**
 * Broadcasts, back to back: the next when every client has the last.
 *
 * @module
 */

import type { BroadcastCommand, Measurement } from "./commands.ts";
import { takeChunks } from "./conversation.ts";
import { Counter } from "./counter.ts";
import { type ClientPool, RESULT } from "./client_pool.ts";
import { Window } from "./window.ts";

/** How long a burst may take, in milliseconds. */
const PATIENCE = 20_000;

/** Measures broadcasts. */
export async function measureBroadcast(
  pool: ClientPool,
  command: BroadcastCommand,
): Promise<Measurement> {
  const audience = new Audience(pool);
  const { times, warmUp, duration, least } = command;
  await repeat(() => audience.hear(times), warmUp, 1);
  const window = new Window(command.pids);
  const lasted = await repeat(() => audience.hear(times), duration, least);
  const span = window.close();
  pool.rest();
  const units = lasted.length * times * pool.wires.length;
  return { ...span, units, times: lasted };
}

async function repeat(
  action: () => Promise<number>,
  duration: number,
  least: number,
): Promise<number[]> {
  const results: number[] = [];
  const end = performance.now() + duration;
  while (performance.now() < end || results.length < least) {
    results.push(await action());
  }
  return results;
}

/** All the clients, listening. */
class Audience {
  readonly #pool: ClientPool;
  /** How many deliveries, and how many answers to the call, are still to come. */
  #deliveries = 0;
  #answers = 0;
  #heardAt = 0;
  #onComplete = (): void => {};

  constructor(pool: ClientPool) {
    this.#pool = pool;
    const results = new Counter(RESULT);
    for (const wire of pool.wires) {
      const isSpeaker = wire === pool.speaker;
      const counter = new Counter(pool.dialect.delivery);
      takeChunks(wire, pool.dialect, (chunk) => {
        if (isSpeaker) this.#answers -= results.count(chunk);
        this.#take(counter.count(chunk));
      });
    }
  }

  /**
   * Lets a burst be sent and waits until everybody has all of it.
   *
   * @returns How long it took until the last one had it, in milliseconds
   */
  async hear(times: number): Promise<number> {
    this.#deliveries = times * this.#pool.wires.length;
    this.#answers = 1;
    const complete = new Promise<void>((resolve) => this.#onComplete = resolve);
    const start = performance.now();
    this.#pool.call("broadcast", { times });
    const describe = () => this.#describeSilence();
    await this.#pool.wait(complete, PATIENCE, describe);
    return this.#heardAt - start;
  }

  #take(count: number): void {
    this.#deliveries -= count;
    if (this.#deliveries > 0) return;
    if (count > 0) this.#heardAt = performance.now();
    if (this.#answers === 0) this.#onComplete();
  }

  #describeSilence(): string {
    return `${this.#deliveries} deliveries of a broadcast did not come, the last to the first client: ${this.#pool.speaker.lastWords()}`;
  }
}
