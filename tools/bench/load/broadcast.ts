/**
 * Measures broadcasts. A broadcast starts when all clients have received the last one.
 *
 * @module
 */

import type {
  BroadcastCommand,
  BroadcastOperation,
  Measurement,
} from "./commands.ts";
import { takeChunks } from "./conversation.ts";
import { Counter } from "./counter.ts";
import { type ClientPool, RESULT } from "./client_pool.ts";
import { Window } from "./window.ts";
import type { Wire } from "./wire.ts";

/** The longest duration of a burst, in milliseconds. */
const TIMEOUT = 20_000;

/** Measures broadcasts. */
export async function measureBroadcast(
  pool: ClientPool,
  command: BroadcastCommand,
): Promise<Measurement> {
  const { operation = "broadcast", members = pool.wires.length } = command;
  const { times, warmUp, duration, least } = command;
  const wires = pool.wires.slice(0, members);
  const audience = new Audience(pool, wires, operation);
  await repeat(() => audience.receive(times), warmUp, 1);
  const window = new Window(command.pids);
  const lasted = await repeat(() => audience.receive(times), duration, least);
  const span = window.close();
  pool.rest();
  const units = lasted.length * times * wires.length;
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

/** The clients that count the broadcasts that they receive. */
class Audience {
  readonly #pool: ClientPool;
  readonly #size: number;
  readonly #operation: BroadcastOperation;
  /** The numbers of deliveries and of results that are missing. */
  #deliveries = 0;
  #answers = 0;
  #lastDelivery = 0;
  #onComplete = (): void => {};

  constructor(
    pool: ClientPool,
    wires: readonly Wire[],
    operation: BroadcastOperation,
  ) {
    this.#pool = pool;
    this.#size = wires.length;
    this.#operation = operation;
    const results = new Counter(RESULT);
    for (const wire of wires) {
      const isCaller = wire === pool.caller;
      const counter = new Counter(pool.dialect.delivery);
      takeChunks(wire, pool.dialect, (chunk) => {
        if (isCaller) this.#answers -= results.count(chunk);
        this.#take(counter.count(chunk));
      });
    }
  }

  /**
   * Lets the server send a burst, and waits until all clients have received it.
   *
   * @returns The time until the last delivery, in milliseconds
   */
  async receive(times: number): Promise<number> {
    this.#deliveries = times * this.#size;
    this.#answers = 1;
    const complete = new Promise<void>((resolve) => this.#onComplete = resolve);
    const start = performance.now();
    this.#pool.call(this.#operation, { times });
    const describe = () => this.#describeMissing();
    await this.#pool.wait(complete, TIMEOUT, describe);
    return this.#lastDelivery - start;
  }

  #take(count: number): void {
    this.#deliveries -= count;
    if (this.#deliveries > 0) return;
    if (count > 0) this.#lastDelivery = performance.now();
    if (this.#answers === 0) this.#onComplete();
  }

  #describeMissing(): string {
    return `${this.#deliveries} deliveries of a broadcast are missing. The first client received last: ${this.#pool.caller.lastReceived()}`;
  }
}
