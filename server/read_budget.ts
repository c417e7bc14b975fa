/**
 * Limits how much a client can make the server read and send about its rooms: a request of
 * 60 bytes can ask for a megabyte of history, and for 256 KiB of members.
 *
 * @module
 */

import { TokenBucket } from "../common/rate_limiter.ts";
import type { RoomTransport } from "./connection_rooms.ts";
import { WaitingLine } from "./scheduler.ts";

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
  readonly #line = new WaitingLine();

  /** Counts what was read for the client, in UTF-16 units. */
  take(units: number): void {
    this.#bucket.take(performance.now(), 0, units);
  }

  /** Waits while the client has read too much, and as long as it is there. */
  async wait(isThere: () => boolean): Promise<void> {
    await this.#line.wait(
      () => !isThere() || this.#bucket.tryTake(performance.now()),
      () => new Promise((resolve) => void setTimeout(resolve, INTERVAL)),
    );
  }
}

/** Runs the recoveries of one client one after the other. */
export class Recoveries {
  /** The end of the last one; `undefined` if none is in progress */
  #last: Promise<void> | undefined;

  /**
   * Runs a recovery after those that were added before.
   *
   * @param recover The recovery
   *
   * @throws What the recovery throws
   */
  async run(recover: () => Promise<void>): Promise<void> {
    const recovering = this.#after(this.#last, recover);
    const ended = recovering.catch(() => {});
    this.#last = ended;
    await recovering;
    if (this.#last === ended) this.#last = undefined;
  }

  async #after(
    previous: Promise<void> | undefined,
    recover: () => Promise<void>,
  ): Promise<void> {
    await previous;
    await recover();
  }
}

/** The maximum length of several lists with space, in UTF-16 units. */
const MAX_RESERVED = 16_384;

/** More than the other fields of an answer need, in UTF-16 units. */
const MAX_FIELDS = 2_048;

type ListTransport = Pick<RoomTransport, "closed" | "hasCapacity" | "drained">;

/** The space for the lists of members in the send buffer of one client. */
export class ListSpace {
  readonly #transport: ListTransport;
  /** The length of the lists that have space and are not sent yet, in UTF-16 units */
  #reserved = 0;
  readonly #line = new WaitingLine();

  /** Constructs a `ListSpace`. */
  constructor(transport: ListTransport) {
    this.#transport = transport;
  }

  /**
   * Waits until a list can be sent, and as long as the client is there.
   *
   * @param lengthOf Returns how long the list would be now, in UTF-16 units; 0 for no list
   * @returns A function that ends the reservation, because the list is sent now, or never
   */
  async reserve(lengthOf: () => number): Promise<() => void> {
    let units = lengthOf();
    if (units > 0) {
      const reserve = () => this.#tryReserve(units = lengthOf());
      await this.#line.wait(reserve, () => this.#transport.drained());
    }
    return () => {
      this.#reserved -= units;
      units = 0;
    };
  }

  /** Returns whether there is space for a list, which it takes. */
  #tryReserve(units: number): boolean {
    const hasSpace = this.#hasSpaceFor(units);
    if (hasSpace) this.#reserved += units;
    return hasSpace;
  }

  #hasSpaceFor(units: number): boolean {
    if (units === 0 || this.#transport.closed !== undefined) return true;
    // An empty buffer has space for a list of any length, but only for one.
    if (this.#reserved > 0 && this.#reserved + units > MAX_RESERVED) {
      return false;
    }
    // A list is at most as long as the half that is free then. If it counted, the streams of
    // the client could fill the buffer before it all the time.
    return this.#transport.hasCapacity(this.#reserved + MAX_FIELDS);
  }
}
