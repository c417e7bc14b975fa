/**
 * What a handler gives and its schema does not take.
 *
 * @module
 */

import { ValidationError } from "./errors.ts";
import { type Issue, placesOf } from "./issue.ts";

/** Is thrown where a result or an item of a handler does not fit its schema. */
export class Misfit extends ValidationError {
  readonly #isMisfit = true;
  /** What the log says, which holds nothing of what the handler gave */
  readonly note: string;

  /** Whether something that was thrown is one, without running what may be in it. */
  static is(error: unknown): error is Misfit {
    return typeof error === "object" && error !== null && #isMisfit in error;
  }

  /**
   * Constructs a `Misfit`.
   *
   * @param subject What could not be done, such as `Cannot answer operation "add"`
   * @param what What does not fit, such as `the result`
   * @param issues What is wrong with it
   */
  constructor(subject: string, what: string, issues: readonly Issue[]) {
    const problem = `${what} does not fit its schema`;
    super(subject, problem, issues);
    this.note = `${problem}${placesOf(issues)}`;
  }
}
