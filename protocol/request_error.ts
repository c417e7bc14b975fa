/**
 * Why a request is not carried out, fit for its client to be told.
 *
 * @module
 */

import { ErrorCode } from "../common/errors.ts";
import { describeIssues, type Issue } from "../common/issues.ts";
import { type Json, type JsonObject } from "../common/json.ts";
/** What an error frame says besides its code. */
export interface RequestErrorDetails {
  /** Its keys depend on the code */
  readonly data?: JsonObject;
  /** What the log says, which holds nothing that was sent; the description if left out */
  readonly note?: string;
}

/** Is thrown where a request is not carried out; its message is for the client. */
export class RequestError extends Error {
  override name = "RequestError";
  readonly code: ErrorCode;
  readonly data: JsonObject | null;
  readonly note: string;
  readonly #isRefusal = true;

  /**
   * Whether something that was thrown is a refusal; `instanceof` would run what a host
   * program may have put into it.
   */
  static is(error: unknown): error is RequestError {
    return typeof error === "object" && error !== null && #isRefusal in error;
  }

  /**
   * Constructs a `RequestError`.
   *
   * @param code The number of the error
   * @param description What is wrong, and what would help
   * @param details What else the frame and the log say
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

/** The refusal of one argument, for a reason that tells nothing of it. */
export function refuseArgument(name: string, message: string): RequestError {
  const issues = [{ path: [name], message }];
  return new RequestError(ErrorCode.INVALID_CONTENT, describeIssues(issues), {
    data: { current: "dict", needed: "dict", ...told(issues) },
  });
}

/** Issues as they stand in a frame. */
export function told(
  issues: readonly Issue[],
): { readonly issues: readonly Json[] } {
  return { issues: issues.map((issue) => ({ ...issue })) };
}
