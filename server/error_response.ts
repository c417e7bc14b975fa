/**
 * The error frame that answers a failed request: docs/reference/protocol.md, "Frames".
 *
 * @module
 */

import { ErrorCode } from "../common/codes.ts";
import type { JsonObject } from "../common/json.ts";
import { fitsInto } from "../common/text.ts";
import { encodeError } from "../protocol/encode.ts";
import { RequestError } from "../protocol/request_error.ts";

/** The data of an error that reveals nothing. A Python client needs both keys. */
const GENERIC_ERROR = {
  message: "the server could not carry out the request",
  exc: "InternalError",
};

/** The maximum length of an exposed error message, in UTF-16 units. */
const MAX_EXPOSED = 1_000;

/** What an error response depends on. */
interface ErrorResponseRules {
  /** Whether clients are told what a handler threw */
  readonly exposeErrors: boolean;
  readonly limits: { readonly maxBuffered: number };
}

/**
 * Encodes the frame that answers a failed request.
 *
 * @param id The id of the request
 * @param error What was thrown
 * @param rules The state of the server
 */
export function encodeErrorResponse(
  id: number,
  error: unknown,
  { exposeErrors, limits }: ErrorResponseRules,
): string {
  if (!RequestError.is(error)) {
    const data = exposeErrors ? exposed(error) : GENERIC_ERROR;
    return encodeError(id, ErrorCode.SERVER_ERROR, data);
  }
  const { code, data, message } = error;
  const { maxBuffered } = limits;
  const frame = encodeError(id, code, data, message || null);
  if (fitsInto(frame, maxBuffered)) return frame;
  // If the details exceed the limit, a short response is better than none.
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
    // A thrown value can have getters that throw.
    return GENERIC_ERROR;
  }
}
