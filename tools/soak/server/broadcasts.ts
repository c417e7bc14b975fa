/**
 * Broadcasts consecutive numbers.
 *
 * @module
 */

import type { Server } from "@hoist/cli";
import type { Problems } from "../problems.ts";
import type { LeakCheck } from "./leak_check.ts";

/** The time between two bursts, in milliseconds. */
const INTERVAL = 50;

/** The numbers of broadcasts in the bursts. */
const BURSTS = [1, 1, 2, 1, 5] as const;

/** The broadcasts of the soak test. */
export class Broadcasts {
  /** The number of the last broadcast */
  last = 0;
  /** The results of the broadcasts */
  readonly totals = { broadcasts: 0, delivered: 0, skipped: 0, failed: 0 };
  readonly #server: Server;
  readonly #problems: Problems;
  readonly #leakCheck: LeakCheck;
  #timer: ReturnType<typeof setInterval> | undefined;
  #burst = 0;

  constructor(server: Server, problems: Problems, leakCheck: LeakCheck) {
    this.#server = server;
    this.#problems = problems;
    this.#leakCheck = leakCheck;
    this.resume();
  }

  /** Resumes the broadcasts. */
  resume(): void {
    this.#timer ??= setInterval(() => this.#send(), INTERVAL);
  }

  /** Pauses the broadcasts. */
  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #send(): void {
    this.#leakCheck.note(this.#server.clients);
    if (this.#server.clients.size === 0) return;
    const count = BURSTS[this.#burst++ % BURSTS.length] ?? 1;
    for (let sent = 0; sent < count; sent++) this.publish();
  }

  /** Broadcasts the next number. */
  publish(): void {
    void this.#broadcast();
  }

  async #broadcast(): Promise<void> {
    const due = this.#server.clients.size;
    try {
      const n = ++this.last;
      const { delivered, skipped, failed } = await this.#server.broadcast(
        "news",
        { n },
      );
      this.totals.broadcasts++;
      this.totals.delivered += delivered;
      this.totals.skipped += skipped;
      this.totals.failed += failed;
      const total = delivered + skipped + failed;
      if (total !== due) {
        this.#problems.add(`a broadcast to ${due} clients reported ${total}`);
      }
    } catch (error) {
      this.#problems.add(`a broadcast failed: ${Deno.inspect(error)}`);
    }
  }
}
