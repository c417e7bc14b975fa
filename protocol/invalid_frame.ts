/**
 * Frames of a client that break a rule, and the error that says so: protocol.md,
 * "Frames".
 *
 * @module
 */

import { ErrorCode } from "../common/errors.ts";
import { type Json, type JsonObject } from "../common/json.ts";
import { encodeError } from "./encode.ts";
/** A frame that breaks a rule, with the error to answer */
export interface InvalidFrame {
  /** Tells the frames apart */
  readonly kind: "invalid";
  /** The number of the request, as far as it could be read */
  readonly id: number | null;
  /** The number of the error */
  readonly code: ErrorCode;
  /** The details of the error: protocol.md, "Frames" */
  readonly data: JsonObject | null;
  /** What exactly was wrong, in words */
  readonly description: string | null;
  /** Whether it was no JSON object at all, which ends the connection */
  readonly fatal: boolean;
}

/** An error of a frame that JSON can tell apart at least. */
export function invalid(
  id: number | null,
  code: ErrorCode,
  description: string | null = null,
  data: JsonObject | null = null,
): InvalidFrame {
  return { kind: "invalid", id, code, data, description, fatal: false };
}

/** An error of a field with a wrong type: protocol.md, "Frames", code 2. */
export function mismatch(
  id: number | null,
  field: string,
  value: Json | undefined,
  needed: string | readonly string[],
): InvalidFrame {
  const current = typeName(value);
  const types = [needed].flat();
  // The right type may still be wrong: a number that would be rounded, a message
  // object without its keys.
  const description = current !== null && types.includes(current)
    ? `${field} must be a valid ${current}`
    : `${field} must be ${types.join(" or ")}, not ${current ?? "None"}`;
  return invalid(id, ErrorCode.INVALID_CONTENT, description, {
    current,
    needed,
  });
}

/** A request that goes beyond a limit: docs/protocol.md, "Limits". */
export function exceeded(
  id: number,
  limit: RequestLimit,
  value: number,
): InvalidFrame {
  const description = `${
    EXCESSES[limit](value)
  }, or raise 'limits.${limit}' of the server`;
  return invalid(id, ErrorCode.LIMIT_EXCEEDED, description, { limit, value });
}

const EXCESSES: Readonly<Record<RequestLimit, (value: number) => string>> = {
  maxDepth: (value) =>
    `the data nests deeper than ${value} levels: send it flatter`,
  maxPending: (value) =>
    `more than ${value} requests are under way: wait for answers to them`,
  maxRate: (value) => `more than ${value} messages a second: send them slower`,
};

/** The frame that says what is wrong, and what to log of it. */
export function answerTo(
  { id, code, data, description }: InvalidFrame,
): { readonly frame: string; readonly failure: string } {
  return {
    frame: encodeError(id, code, data, description),
    failure: description ?? "the frame is not JSON",
  };
}

/** The name that Python has for the type of a JSON value. */
export function typeName(value: Json | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return "list";
  switch (typeof value) {
    case "string":
      return "str";
    case "boolean":
      return "bool";
    case "number":
      return Number.isInteger(value) ? "int" : "float";
    default:
      return "dict";
  }
}

/** The limits that cost a request, not the connection. */
export type RequestLimit = "maxPending" | "maxRate" | "maxDepth";
