/**
 * The errors that answer invalid frames and failed requests of a client:
 * docs/reference/protocol.md, "Frames".
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

/**
 * Makes the error for a request that is not allowed: docs/reference/protocol.md, "Frames".
 *
 * @param note The reason, for the log
 */
export function notAllowed(note: string): RequestError {
  // The same for all names, so that a client cannot find out which names exist.
  const description = "the client is not allowed to use this name";
  return new RequestError(ErrorCode.FORBIDDEN, description, { note });
}

/** Makes the error for a stream that was called as an operation. */
export function streamError(): RequestError {
  return new RequestError(
    ErrorCode.UNSUPPORTED_OPERATION,
    "the operation is a stream. Call it with 'connection.stream()'.",
  );
}

/** Makes the error for an operation that was called as a stream. */
export function resultError(): RequestError {
  return new RequestError(
    ErrorCode.UNSUPPORTED_OPERATION,
    "the operation returns one result. Call it with 'connection.operation()'.",
  );
}

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
