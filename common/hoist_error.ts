/**
 * The base class of all errors of Hoist.
 *
 * @module
 */

/**
 * The base class of all errors of Hoist.
 *
 * @example
 * ```ts
 * import { connect, HoistError } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * const error = await connect("test", { url: "http://127.0.0.1:1" })
 *   .catch((error) => error);
 * assert(error instanceof HoistError);
 * ```
 */
export class HoistError extends Error {
  /** The name of the class, which starts the output of an uncaught error */
  override name = "HoistError";
}
