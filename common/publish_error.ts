/**
 * The error of a publication that was not stored.
 *
 * @module
 */

import { HoistError } from "./hoist_error.ts";

/** What is known about a publication that failed. */
export type PublishOutcome =
  /** It was not published */
  | "none"
  /** It is unknown whether it was published */
  | "unknown";

/** A message to a room was not published, or it is unknown whether it was. */
export class PublishError extends HoistError {
  /** The name of the class */
  override name = "PublishError";
  /** `none` if it was not published, `unknown` if nobody knows whether it was */
  readonly outcome: PublishOutcome;

  /**
   * Constructs a `PublishError`.
   *
   * @param message What failed, why, and what to do
   * @param outcome What is known about the message
   * @param options The cause
   */
  constructor(
    message: string,
    outcome: PublishOutcome,
    options: ErrorOptions = {},
  ) {
    super(message, options);
    this.outcome = outcome;
  }
}
