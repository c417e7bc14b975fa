/**
 * What a client is told of an error that one of its requests caused: protocol.md,
 * "Frames", code 6, unless it was thrown to be told.
 *
 * @module
 */

import { ErrorCode, ValidationError } from "../common/errors.ts";
import { type Issue, placesOf } from "../common/issues.ts";
import { type JsonObject } from "../common/json.ts";
import { byteLength } from "../common/text.ts";
import { encodeError } from "../protocol/encode.ts";
import { RequestError } from "../protocol/request_error.ts";
/** What tells nothing of the host: a Python client needs both keys. */
const GENERIC_FAILURE = {
  message: "the server could not carry out the request",
  exc: "InternalError",
};

/** How many characters of an error are told: it has to fit beside other answers. */
const MAX_EXPOSED = 1_000;

/** What a client may be told, and how much of it at once. */
export interface FailureRules {
  /** Whether it may be told what was thrown */
  readonly exposeErrors: boolean;
  readonly limits: { readonly maxBuffered: number };
}

/**
 * The frame that answers a request which caused an error.
 *
 * @param id The number of the request
 * @param error What was thrown
 * @param rules What the client may be told
 */
export function encodeErrorResponse(
  id: number,
  error: unknown,
  { exposeErrors, limits: { maxBuffered } }: FailureRules,
): string {
  if (!RequestError.is(error)) {
    const data = exposeErrors ? exposed(error) : GENERIC_FAILURE;
    return encodeError(id, ErrorCode.SERVER_ERROR, data);
  }
  const { code, data, message } = error;
  const frame = encodeError(id, code, data, message);
  if (byteLength(frame, maxBuffered) <= maxBuffered) return frame;
  // Where hardly anything fits, it is better to say little than to say nothing.
  const { issues: _, ...rest } = data ?? {};
  return encodeError(id, code, data && rest);
}

function exposed(error: unknown): JsonObject {
  try {
    const { message, name } = error instanceof Error
      ? error
      : { message: error, name: "Error" };
    return {
      message: String(message).slice(0, MAX_EXPOSED),
      exc: String(name).slice(0, MAX_EXPOSED),
    };
  } catch {
    return GENERIC_FAILURE;
  }
}

/** Is thrown where a result or an item of a handler does not match its schema. */
export class OutputError extends ValidationError {
  readonly #isMisfit = true;
  /** What the log says, which holds nothing of what the handler gave */
  readonly note: string;

  /** Whether something that was thrown is one, without running what may be in it. */
  static is(error: unknown): error is OutputError {
    return typeof error === "object" && error !== null && #isMisfit in error;
  }

  /**
   * Constructs a `OutputError`.
   *
   * @param subject What could not be done, such as `Cannot answer operation "add"`
   * @param what What does not fit, such as `the result`
   * @param issues What is wrong with it
   */
  constructor(subject: string, what: string, issues: readonly Issue[]) {
    const problem = `${what} does not match its schema`;
    super(subject, problem, issues);
    this.note = `${problem}${placesOf(issues)}`;
  }
}
