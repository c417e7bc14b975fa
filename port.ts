/**
 * The port that a server may have of its own.
 *
 * @module
 */

import { HoistError } from "./errors.ts";
import { Listening } from "./listen.ts";

/** A port that is taken once, if at all. */
export class Port {
  #listening: Listening | undefined;

  /** Takes the port, as {@linkcode Listening} does. */
  open(...listening: ConstructorParameters<typeof Listening>): void {
    this.#listening = new Listening(...listening);
  }

  /**
   * Refuses to be taken a second time.
   *
   * @throws {HoistError} If it is taken
   */
  assertFree(): void {
    if (this.#listening === undefined) return;
    throw new HoistError(
      `Cannot listen: the server already does, on ${this.#listening.url}`,
    );
  }

  /**
   * What is listened on.
   *
   * @throws {HoistError} If it is not taken
   */
  get listening(): Listening {
    if (this.#listening !== undefined) return this.#listening;
    throw new HoistError(
      "Cannot tell the address: the server has no port of its own, call listen()",
    );
  }

  /** Gives the port back, in bounded time. */
  async close(): Promise<void> {
    await this.#listening?.close();
  }
}
