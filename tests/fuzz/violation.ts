/**
 * What the server does wrong.
 *
 * @module
 */

/** The server said what it must not say, or did not say what it must. */
export class Violation extends Error {
  override name = "Violation";
}
