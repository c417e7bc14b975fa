/**
 * What a client is told of an error that one of its requests caused: protocol.md,
 * "Frames", code 6, unless it was thrown to be told.
 *
 * @module
 */

import { byteLength } from "./bytes.ts";
import { encodeError } from "./encode.ts";
import { ErrorCode } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { Refusal } from "./refusal.ts";

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
export function encodeFailure(
  id: number,
  error: unknown,
  { exposeErrors, limits: { maxBuffered } }: FailureRules,
): string {
  if (!Refusal.is(error)) {
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
