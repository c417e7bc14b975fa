/**
 * The error that the fuzzer reports.
 *
 * @module
 */

/** The server sent a wrong frame, or did not send an expected one. */
export class Violation extends Error {
  override name = "Violation";
}
