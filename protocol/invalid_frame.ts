/**
 * Invalid frames of a client, and the errors that answer them:
 * docs/reference/protocol.md, "Frames".
 *
 * @module
 */

import { ErrorCode } from "../common/codes.ts";
import type { Json, JsonObject } from "../common/json.ts";

/** An invalid frame, with the error that answers it */
export interface InvalidFrame {
  /** The kind of the frame */
  readonly kind: "invalid";
  /** The number of the request; `null` if it could not be read */
  readonly id: number | null;
  /** The number of the error */
  readonly code: ErrorCode;
  /** The details of the error: docs/reference/protocol.md, "Frames" */
  readonly data: JsonObject | null;
  /** What exactly is wrong, as a sentence */
  readonly description: string | null;
  /** Whether the connection has to be closed, because the frame is no JSON object */
  readonly fatal: boolean;
}

/**
 * Makes an invalid frame that does not close the connection.
 *
 * @param id The number of the request; `null` if it could not be read
 * @param code The number of the error
 * @param description What exactly is wrong
 * @param data The details of the error
 */
export function invalid(
  id: number | null,
  code: ErrorCode,
  description: string | null = null,
  data: JsonObject | null = null,
): InvalidFrame {
  return { kind: "invalid", id, code, data, description, fatal: false };
}

/** A type of a JSON value, as Python names it. */
export type PythonType =
  | "None"
  | "bool"
  | "dict"
  | "float"
  | "int"
  | "list"
  | "str";

/**
 * Makes the invalid frame for a field of the wrong type: docs/reference/protocol.md,
 * "Frames", code 2.
 *
 * @param id The number of the request; `null` if it could not be read
 * @param field The field, such as `"data.message"`
 * @param value The value of the field
 * @param needed The type that it must have, as Python names it
 */
export function wrongType(
  id: number | null,
  field: string,
  value: Json | undefined,
  needed: PythonType | readonly PythonType[],
): InvalidFrame {
  const current = typeName(value);
  const types = [needed].flat();
  // A value of the right type can be invalid, too: a number that JavaScript rounds, or a
  // message object without its keys.
  const description = current !== null && types.includes(current)
    ? `${field} must be a valid ${JSON_NAMES[current]}`
    : `${field} must be ${types.map(describeType).join(" or ")}, not ${
      describeType(current ?? "None")
    }`;
  return invalid(id, ErrorCode.INVALID_CONTENT, description, {
    current,
    needed,
  });
}

/** The JSON types, by their names in Python. */
const JSON_NAMES: Readonly<Record<PythonType, string>> = {
  None: "null",
  bool: "boolean",
  dict: "object",
  float: "fractional number",
  int: "integer",
  list: "array",
  str: "string",
};

function describeType(type: PythonType): string {
  const name = JSON_NAMES[type];
  if (type === "None") return name;
  return /^[aio]/.test(name) ? `an ${name}` : `a ${name}`;
}

/** A limit whose excess is answered with an error, and does not close the connection. */
export type RequestLimit =
  | "maxPending"
  | "maxPendingBytes"
  | "maxRate"
  | "maxRatePerToken"
  | "maxDepth"
  | "maxLoginPayload";

/**
 * Makes the invalid frame for a request that exceeds a limit:
 * docs/reference/protocol.md, "Limits".
 *
 * @param id The number of the request
 * @param limit The name of the limit
 * @param value The value of the limit
 */
export function exceeded(
  id: number,
  limit: RequestLimit,
  value: number,
): InvalidFrame {
  const description = `${
    EXCESSES[limit](value)
  }, or raise 'limits.${limit}' of the server.`;
  return invalid(id, ErrorCode.LIMIT_EXCEEDED, description, { limit, value });
}

const EXCESSES: Readonly<Record<RequestLimit, (value: number) => string>> = {
  maxDepth: (value) =>
    `the data is nested more than ${value} levels deep. Send less nested data`,
  maxLoginPayload: (value) =>
    `the token is larger than ${value} bytes. Use a shorter token`,
  maxPending: (value) =>
    `more than ${value} requests are in progress. Wait for the responses`,
  maxPendingBytes: (value) =>
    `requests of more than ${value} bytes are in progress. Wait for the responses`,
  maxRate: (value) =>
    `the client sends more than ${value} requests per second. Send more slowly`,
  maxRatePerToken: (value) =>
    `the clients with this token or user send more than ${value} requests per second together. Send more slowly`,
};

/** Returns how Python names the type of a JSON value; `null` if there is no value. */
function typeName(value: Json | undefined): PythonType | null {
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
