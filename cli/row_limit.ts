/**
 * Limits what a command keeps of a list that a server sends.
 *
 * @module
 */

import { HoistError } from "../common/errors.ts";

/** The length of all rows, in UTF-16 units of JSON: more than a million rooms. */
const MAX_UNITS = 268_435_456;

/** Counts the rows that a command keeps, because a server can send them without an end. */
export class RowLimit {
  readonly #what: string;
  readonly #max: number;
  #units = 0;

  /**
   * Constructs a `RowLimit`.
   *
   * @param what What the rows are, such as `rooms`
   * @param max The length of all rows, in UTF-16 units of JSON
   */
  constructor(what: string, max: number = MAX_UNITS) {
    this.#what = what;
    this.#max = max;
  }

  /**
   * Counts rows.
   *
   * @throws {HoistError} If the server has sent too many
   */
  add(rows: readonly unknown[]): void {
    for (const row of rows) this.#units += JSON.stringify(row).length;
    if (this.#units <= this.#max) return;
    const size = `${Math.round(this.#max / 1_048_576)} MiB`;
    throw new HoistError(
      `Cannot list the ${this.#what}: the server sent more than ${size}.`,
    );
  }
}
