/**
 * Where a stream continues after a reconnect: docs/reference/protocol.md, `resume`.
 *
 * @module
 */

import { HoistError } from "../common/errors.ts";

/** The position of a stream with the option `resume`. */
export class StreamPosition {
  readonly #isRepeatable: boolean;
  #lastEventId: string | null = null;

  /**
   * Constructs a `StreamPosition`.
   *
   * @param isRepeatable Whether the items since the last id can arrive again
   */
  constructor(isRepeatable: boolean) {
    this.#isRepeatable = isRepeatable;
  }

  /** The id of the last item that has arrived and has one; `null` if there is none */
  get lastEventId(): string | null {
    return this.#lastEventId;
  }

  /**
   * Records an item that has arrived, whether or not the caller has read it.
   *
   * @param subject The stream in error messages, such as `stream "rows"`
   * @param id The id of the item, if it has one
   * @returns The error if the stream could not continue after the item
   */
  advance(
    subject: string,
    id: string | null | undefined,
  ): HoistError | undefined {
    if (typeof id === "string") this.#lastEventId = id;
    else if (!this.#isRepeatable) return noId(subject);
  }
}

/** The stream fails at once, and not only if the connection is lost after this item. */
function noId(subject: string): HoistError {
  return new HoistError(
    `Cannot resume ${subject}: the handler yielded an item without an id. Yield tracked(id, item) for each item, or set 'idempotent' if items can arrive twice.`,
  );
}
