/**
 * Lets a list of members wait until the client has read the earlier ones: a join of 60 bytes
 * can ask for 256 KiB, and a client can join 128 rooms at the same time.
 *
 * @module
 */

import type { RoomTransport } from "./connection_rooms.ts";

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
    while (!this.#hasSpaceFor(lengthOf())) await this.#transport.drained();
    let units = lengthOf();
    this.#reserved += units;
    return () => {
      this.#reserved -= units;
      units = 0;
    };
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
