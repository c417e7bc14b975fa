/**
 * Calls that run until their caller gives them up.
 *
 * @module
 */

import type { Server } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";

/** The time between two checks of `given up`, in milliseconds. */
const LOOK = 5;

/** The calls that wait for the end of their caller's patience. */
export class CancelledCalls {
  /** The number of calls that their caller gave up */
  cancelled = 0;
  /** The nonces of the calls that wait */
  readonly #waiting = new Set<unknown>();

  /** The number of calls that wait */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Registers the handlers. */
  offer(server: Server): void {
    server.operation("wait", async ({ nonce }, { client, signal }) => {
      await this.#wait(nonce, signal);
      if (server.clients.has(client)) this.cancelled++;
      throw signal.reason;
    });
    server.receive("wait", async ({ data: { nonce }, signal }) => {
      await this.#wait(nonce, signal);
      throw signal.reason;
    });
    server.operation("given up", async ({ nonce, limit }) => {
      const end = performance.now() + Number(limit);
      const waits = () => this.#waiting.has(nonce);
      while (waits() && performance.now() < end) await pause(LOOK);
      return { nonce, over: !waits() };
    });
  }

  async #wait(nonce: unknown, signal: AbortSignal): Promise<void> {
    this.#waiting.add(nonce);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve());
    });
    this.#waiting.delete(nonce);
  }
}
