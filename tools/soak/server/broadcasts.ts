/**
 * Broadcasts one number after the other, all the time.
 *
 * @module
 */

import type { Server } from "@hoist/cli";
import type { Problems } from "../problems.ts";
import type { LeakCheck } from "./leak_check.ts";

/** The time from one burst of broadcasts to the next, in milliseconds. */
const INTERVAL = 50;

/** How many there are in a burst, one after the other. */
const BURSTS = [1, 1, 2, 1, 5] as const;

/** The broadcasts of the long run. */
export class Broadcasts {
  /** The number of the last broadcast */
  last = 0;
  /** What became of the broadcasts */
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

  /** Goes on. */
  resume(): void {
    this.#timer ??= setInterval(() => this.#send(), INTERVAL);
  }

  /** Says nothing until it is resumed. */
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
      const told = delivered + skipped + failed;
      if (told !== due) {
        this.#problems.add(`a broadcast to ${due} was accounted for ${told}`);
      }
    } catch (error) {
      this.#problems.add(`a broadcast failed: ${Deno.inspect(error)}`);
    }
  }
}
