/**
 * The streams of the long run, and which of them have not come to their end.
 *
 * @module
 */

import type { JsonObject, Server } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";

/** How many items come in one go. */
const GO = 16;

/** How long `over` waits between two looks, in milliseconds. */
const LOOK = 5;

/** Numbered items, one after the other. */
export class Streams {
  /** How many have begun */
  begun = 0;
  /** Those that have begun and not come to their end, by what their clients call them */
  readonly #running = new Map<unknown, number>();

  /** Offers a stream, and an operation that says when one is over. */
  offer(server: Server): void {
    const count = (data: JsonObject) => this.#count(data);
    server.operation("numbers", async function* (data) {
      yield* count(data);
    });
    server.operation("over", async ({ nonce, limit }) => {
      const end = performance.now() + Number(limit);
      const isRunning = () => this.#running.has(nonce);
      while (isRunning() && performance.now() < end) await pause(LOOK);
      return { nonce, over: !isRunning() };
    });
  }

  /** How many have begun and not come to their end */
  get running(): number {
    return this.#running.values().reduce((sum, count) => sum + count, 0);
  }

  /** Numbers from 1 on, without an end if there is none to go to. */
  async *#count(
    { nonce = null, to, delay, size }: JsonObject,
  ): AsyncGenerator<JsonObject, void, void> {
    const filler = "x".repeat(Number(size ?? 0));
    const last = Number(to ?? Infinity);
    this.#note(nonce, 1);
    try {
      for (let n = 1; n <= last; n++) {
        yield { nonce, n, filler };
        if (n % GO === 0) await pause(Number(delay ?? 0));
      }
    } finally {
      // Whoever goes does not keep a generator from letting go at its leisure.
      await pause(Number(delay ?? 0));
      this.#note(nonce, -1);
    }
  }

  #note(nonce: unknown, step: 1 | -1): void {
    const count = (this.#running.get(nonce) ?? 0) + step;
    if (step === 1) this.begun++;
    if (count === 0) this.#running.delete(nonce);
    else this.#running.set(nonce, count);
  }
}
