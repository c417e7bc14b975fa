/**
 * Limits how much a client can make the server read and send about its rooms: a request of
 * 60 bytes can ask for a megabyte of history, and for 256 KiB of members.
 *
 * @module
 */

import { TokenBucket } from "../common/rate_limiter.ts";

/**
 * How much a client can read at once and per second, in UTF-16 units: once the history of
 * all its rooms.
 */
const READS = { burst: 134_217_728, perSecond: 1_048_576 };

/** The interval in which a client waits that has read too much, in milliseconds. */
const INTERVAL = 100;

/** How much one client can read. */
export class ReadBudget {
  readonly #bucket = new TokenBucket(READS.perSecond, READS.burst);

  /** Counts what was read for the client, in UTF-16 units. */
  take(units: number): void {
    this.#bucket.take(performance.now(), 0, units);
  }

  /** Waits while the client has read too much, and as long as it is there. */
  async wait(isThere: () => boolean): Promise<void> {
    while (isThere() && !this.#bucket.tryTake(performance.now())) {
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    }
  }
}
