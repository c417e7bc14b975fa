/**
 * The error for a value of the application that does not match its schema.
 *
 * @module
 */

import { describeIssues, type Issue, placesOf } from "../common/issues.ts";
import { ValidationError } from "../common/validation_error.ts";
import { canQuote } from "./quotes.ts";

/**
 * Thrown if the result of an operation, an item of a stream, or the details of an error fail
 * their schema.
 */
export class OutputError extends ValidationError {
  readonly #isOutputError = true;
  /** The text for the log, which contains nothing that the handler returned */
  readonly note: string;
  /** Whether the note contains the reason: no message can quote the value */
  readonly hasReason: boolean;

  /** Whether a thrown value is an `OutputError`; runs no code of the value. */
  static is(error: unknown): error is OutputError {
    return typeof error === "object" && error !== null &&
      #isOutputError in error;
  }

  /**
   * Constructs an `OutputError`.
   *
   * @param subject What failed, such as `Cannot answer operation "add"`
   * @param what The invalid value, such as `the result`
   * @param issues What is wrong with it
   * @param value The invalid value itself, which is not kept
   */
  constructor(
    subject: string,
    what: string,
    issues: readonly Issue[],
    value: unknown,
  ) {
    const problem = `${what} does not match its schema`;
    super(subject, problem, issues);
    const reason = describeIssues(issues);
    const messages = issues.map(({ message }) => message).join("\n");
    this.hasReason = !canQuote(messages, value);
    this.note = this.hasReason
      ? `${problem}: ${reason}`
      : `${problem}${placesOf(issues)}`;
  }
}
