/**
 * The streams of the soak test, and their number.
 *
 * @module
 */

import { type JsonObject, type Server, tracked } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";

/** The number of items without a pause. */
const GO = 16;

/** The time between two checks of `over`, in milliseconds. */
const LOOK = 5;

/** Streams of consecutive numbers. */
export class Streams {
  /** The number of streams that began */
  begun = 0;
  /** The number of streams that continue another one */
  resumed = 0;
  /** The running streams, by the nonce of the client */
  readonly #running = new Map<unknown, number>();

  /** Registers the streams, and an operation that reports the end of a stream. */
  offer(server: Server): void {
    const count = (data: JsonObject) => this.#count(data);
    server.operation("numbers", async function* (data) {
      yield* count(data);
    });
    const resume = () => void this.resumed++;
    server.operation("tracked numbers", async function* (data, context) {
      if (context.lastEventId !== undefined) resume();
      const start = Number(context.lastEventId ?? 0);
      for await (const item of count({ ...data, after: start })) {
        yield tracked(String(item.n), item);
      }
    });
    server.operation("over", async ({ nonce, limit }) => {
      const end = performance.now() + Number(limit);
      const isRunning = () => this.#running.has(nonce);
      while (isRunning() && performance.now() < end) await pause(LOOK);
      return { nonce, over: !isRunning() };
    });
  }

  /** The number of streams that have not ended */
  get running(): number {
    return this.#running.values().reduce((sum, count) => sum + count, 0);
  }

  /** Yields the numbers after one, by default from 1 on and without an end. */
  async *#count(
    { nonce = null, to, delay, size, after }: JsonObject,
  ): AsyncGenerator<JsonObject, void, void> {
    const filler = "x".repeat(Number(size ?? 0));
    const last = Number(to ?? Infinity);
    this.#note(nonce, 1);
    try {
      for (let n = Number(after ?? 0) + 1; n <= last; n++) {
        yield { nonce, n, filler };
        if (n % GO === 0) await pause(Number(delay ?? 0));
      }
    } finally {
      // A generator can need time after its client has disconnected.
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
