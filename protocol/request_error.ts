/**
 * Errors that are sent to the client whose request caused them.
 *
 * @module
 */

import { ErrorCode } from "../common/codes.ts";
import { describeIssues, type Issue } from "../common/issues.ts";
import type { Json, JsonObject } from "../common/json.ts";

/** The content of an error frame besides its code and description. */
export interface RequestErrorDetails {
  /** The details, whose keys depend on the code */
  readonly data?: JsonObject;
  /** What is logged, without anything that the client sent; by default the description */
  readonly note?: string;
}

/** Rejects a request. Its message is sent to the client. */
export class RequestError extends Error {
  /** The name of the class */
  override name = "RequestError";
  /** The number of the error */
  readonly code: ErrorCode;
  /** The details, whose keys depend on the code */
  readonly data: JsonObject | null;
  /** What is logged */
  readonly note: string;
  readonly #isRequestError = true;

  /**
   * Returns whether a value is a `RequestError`. Unlike `instanceof`, this runs no code
   * of the value, which comes from the application.
   */
  static is(error: unknown): error is RequestError {
    return typeof error === "object" && error !== null &&
      #isRequestError in error;
  }

  /**
   * Constructs a `RequestError`.
   *
   * @param code The number of the error
   * @param description What is wrong, and what to do; empty if the code says it
   * @param details The rest of the frame and of the log line
   */
  constructor(
    code: ErrorCode,
    description: string,
    { data, note = description }: RequestErrorDetails = {},
  ) {
    super(description);
    this.code = code;
    this.data = data ?? null;
    this.note = note;
  }
}

/**
 * Makes the error for an invalid argument of an operation.
 *
 * @param name The name of the argument
 * @param message What is wrong, without the value
 */
export function invalidArgument(name: string, message: string): RequestError {
  const issues = [{ path: [name], message }];
  return new RequestError(ErrorCode.INVALID_CONTENT, describeIssues(issues), {
    data: { current: "dict", needed: "dict", ...issuesData(issues) },
  });
}

/** Returns the issues as the data of an error frame. */
export function issuesData(
  issues: readonly Issue[],
): { readonly issues: readonly Json[] } {
  return { issues: issues.map((issue) => ({ ...issue })) };
}
