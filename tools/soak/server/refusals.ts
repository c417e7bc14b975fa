/**
 * Requests that the application refuses: with `authorize`, or with an error of its own.
 *
 * @module
 */

import { ApplicationError, type Json, type Server } from "@hoist/cli";
import type { Problems } from "../problems.ts";

/** The name of a message and of operations that no client can use. */
const FORBIDDEN = "forbidden";

/** The refused requests. */
export class Refusals {
  /** The number of requests that `authorize` refused */
  forbidden = 0;
  /** The number of application errors */
  errors = 0;
  readonly #problems: Problems;

  /**
   * Constructs a `Refusals`.
   *
   * @param problems Receives each request that was refused and handled anyway
   */
  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** The option `authorize`. */
  authorize({ name }: { readonly name: string }): boolean {
    if (name !== FORBIDDEN) return true;
    this.forbidden++;
    return false;
  }

  /** Registers the handlers. */
  offer(server: Server): void {
    const fail = () =>
      this.#problems.add("a handler got a request that was refused");
    server.operation(FORBIDDEN, fail);
    server.receive(FORBIDDEN, fail);
    server.operation("sold out", ({ nonce }) => {
      throw this.#soldOut(nonce);
    });
    server.receive("sold out", ({ data: { nonce } }) => {
      throw this.#soldOut(nonce);
    });
  }

  #soldOut(nonce: Json = null): ApplicationError {
    this.errors++;
    return new ApplicationError("sold_out", { details: { nonce } });
  }
}
