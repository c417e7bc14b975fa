/**
 * What a client gets for an error: the error frame that answers a failed request, and the
 * content of an `ApplicationError`: docs/reference/protocol.md, "Frames".
 *
 * @module
 */

import {
  applicationData,
  type ApplicationError,
  isOwnError,
  MAX_MESSAGE,
} from "../common/application_error.ts";
import { ErrorCode } from "../common/codes.ts";
import { stringifyData } from "../common/encode_json.ts";
import type { JsonObject } from "../common/json.ts";
import { fitsInto, quote } from "../common/text.ts";
import { type ErrorSchemas, ownEntry } from "../contract/contract.ts";
import { validate } from "../contract/validate.ts";
import { encodeError } from "../protocol/encode.ts";
import { RequestError } from "../protocol/request_error.ts";
import { OutputError } from "./output_error.ts";
import type { RequestResult } from "./request_counters.ts";

/** The data of an error that reveals nothing. A Python client needs both keys. */
const GENERIC_ERROR = {
  message: "the server could not carry out the request",
  exc: "InternalError",
};

/** The maximum length of an exposed error message, in UTF-16 units. */
const MAX_EXPOSED = 1_000;

/** What an error response depends on. */
interface ErrorResponseRules {
  /** Whether clients get the name and the message of what a handler threw */
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

/**
 * Makes the answer to a message that does not fit into its own replies.
 *
 * @param maxBuffered The limit of the server, in bytes
 */
export function repliesTooLarge(maxBuffered: number): RequestError {
  const problem =
    `the replies to the message would be larger than ${maxBuffered} bytes, because each of them contains the message.`;
  return new RequestError(
    ErrorCode.LIMIT_EXCEEDED,
    `${problem} Send less data.`,
    {
      data: { limit: "maxBuffered", value: maxBuffered },
      note: `${problem} To allow more, raise 'limits.maxBuffered'.`,
    },
  );
}

/** What the log says about a login about which the login function could not decide. */
export const LOGIN_FAILURE = "the login function failed";

/**
 * Encodes the answer to a login, or to a new token, if the login function failed. As Python
 * Hoist, it is a fault of the server; a stranger does not get the error.
 */
export function encodeLoginFailure(id: number): string {
  const message = "the server could not check the token. Try again later.";
  const data = { ...GENERIC_ERROR, message };
  return encodeError(id, ErrorCode.SERVER_ERROR, data, message);
}

/** What an {@linkcode ApplicationAnswer} depends on. */
export interface AnswerRules {
  /** The declared errors; `undefined` if every error is allowed */
  readonly errors?: ErrorSchemas | undefined;
  /** The maximum size of a frame, in bytes */
  readonly maxBuffered: number;
}

/** What an error of the application leads to. */
export interface Outcome {
  /**
   * The `ApplicationAnswer`, or what was thrown instead. It is wrapped, because a promise
   * would wait for a thrown value that has a method `then`.
   */
  readonly answer: unknown;
}

/** What a client gets for an `ApplicationError`. */
export class ApplicationAnswer {
  readonly #data: JsonObject;
  /** What the log calls the error, such as `the application threw "sold_out"` */
  readonly note: string;
  /** Whether the details were too large */
  readonly isCut: boolean;

  private constructor(kind: string, data: JsonObject, isCut: boolean) {
    this.#data = data;
    this.note = `the application threw ${quote(kind)}`;
    this.isCut = isCut;
  }

  /** Whether a value is an `ApplicationAnswer`; runs no code of the value. */
  static is(value: unknown): value is ApplicationAnswer {
    return typeof value === "object" && value !== null && #data in value;
  }

  /**
   * Returns the answer for an error that the application threw. Never rejects.
   *
   * @param error The error
   * @param rules The declared errors and the limit
   * @returns The answer; what was thrown instead if the error cannot be sent
   */
  static async for(
    error: ApplicationError,
    rules: AnswerRules,
  ): Promise<Outcome> {
    try {
      const { kind } = error;
      const message = String(error.message).slice(0, MAX_MESSAGE);
      const details = await checkedDetails(error, rules.errors);
      const data = applicationData(kind, message, details);
      // No id is longer.
      const frame = encode(Number.MIN_SAFE_INTEGER, data);
      const isCut = !fitsInto(frame, rules.maxBuffered);
      const sent = isCut ? applicationData(kind, message, undefined) : data;
      return { answer: new ApplicationAnswer(kind, sent, isCut) };
    } catch (fault) {
      return { answer: fault };
    }
  }

  /** Encodes the frame that answers the request with an id. */
  encode(id: number): string {
    return encode(id, this.#data);
  }
}

function encode(id: number, data: JsonObject): string {
  return encodeError(id, ErrorCode.SERVER_ERROR, data);
}

/**
 * Returns the details as they are sent: the output of their schema; `undefined` if there are
 * none.
 *
 * @throws {TypeError} If the error is not declared, or its details are not JSON
 * @throws {OutputError} If the details do not match their schema
 */
async function checkedDetails(
  error: ApplicationError,
  errors: ErrorSchemas | undefined,
): Promise<JsonObject | undefined> {
  const { kind, data } = error;
  const { application }: { application?: { details?: object } } = Object(data);
  const details = application?.details;
  if (errors === undefined) return details && asJson(kind, details);
  const schema = ownEntry(errors, kind);
  if (schema === undefined) throw undeclared(error);
  if (schema === null) return undefined;
  const { issues, value } = await validate(schema, details ?? {});
  if (issues === undefined) return asJson(kind, value);
  const subject = `Cannot answer with the error ${quote(kind)}`;
  throw new OutputError(subject, "'details'", issues, details);
}

/** Returns a copy, because encoding the details again could have another result. */
function asJson(kind: string, details: unknown): JsonObject {
  const subject = () => `the error ${quote(kind)}`;
  return JSON.parse(stringifyData(details, subject));
}

function undeclared(error: ApplicationError): TypeError {
  return new TypeError(
    `Cannot answer with the error ${
      quote(error.kind)
    }: it is not declared. Add it to 'errors' of the message or the operation.`,
    { cause: error },
  );
}

/**
 * Returns how a request that failed is counted.
 *
 * @param error What the handler has thrown, or why it was not called
 * @param call The request
 */
export function resultOf(
  error: unknown,
  call: { isAbortError(error: unknown): boolean },
): RequestResult {
  if (ApplicationAnswer.is(error) || isOwnError(error)) return "error";
  if (RequestError.is(error)) return "rejected";
  return call.isAbortError(error) ? "cancelled" : "failed";
}
