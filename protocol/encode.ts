/**
 * The encoders of the frames that each side sends: docs/reference/protocol.md, "Frames".
 *
 * @module
 */

import { invalidType } from "../common/check.ts";
import type { ErrorCode } from "../common/codes.ts";
import { stringifyData, stringifyReplying } from "../common/encode_json.ts";
import type { JsonObject } from "../common/json.ts";
import {
  describeMessage,
  describeOperation,
  describeStream,
} from "../common/text.ts";
import { type Feature, FEATURES, type HeartbeatRules } from "./features.ts";
import type { WireMessage } from "./message.ts";
import type { InvalidFrame } from "./request_error.ts";
import { encodeSuccess } from "./success_frames.ts";

/** The names and sentences of the error codes; those of 1 to 8 are of Hoist 1. */
const ERROR_SENTENCES: Readonly<
  Record<ErrorCode, readonly [error: string, message: string]>
> = {
  1: ["INVALID_JSON", "Invalid JSON structure was received."],
  2: ["INVALID_CONTENT", "JSON content is invalid."],
  3: ["LOGIN_FAILED", "Login token is invalid."],
  4: ["BAD_VERSION", "Version of client is not high enough."],
  5: ["UNKNOWN_OPERATION", "Operation not found."],
  6: ["SERVER_ERROR", "Internal server error."],
  7: [
    "UNSUPPORTED_OPERATION",
    "Request operation is not supported by the server.",
  ],
  8: ["INVALID_ACTION", "Invalid action was sent."],
  9: ["LIMIT_EXCEEDED", "Limit of the server was exceeded."],
  10: ["FORBIDDEN", "Client is not allowed to do this."],
  11: ["BROKER_UNAVAILABLE", "Broker of the server is not available."],
};

/** The last frame of a client: docs/reference/protocol.md, "5. Goodbye". */
export const GOODBYE = JSON.stringify({ id: null, end: true });

/** The frame that asks whether the server is there: docs/reference/protocol.md, `heartbeat`. */
export const PING = JSON.stringify({ id: null, action: "ping", data: {} });

/** The answer to a {@linkcode PING}. */
export const PONG: string = encodeSuccess(null, "pong");

/** The limits that the response to a login contains, for a client that named the extension */
export interface AnnouncedLimits {
  /** The largest frame that the server accepts, in bytes: the extension `max-payload` */
  readonly maxPayload?: number | undefined;
  /** The number of rooms that the client can be in: the extension `rooms` */
  readonly maxRooms?: number | undefined;
}

/**
 * Encodes the response to a login: docs/reference/protocol.md, "Extensions".
 *
 * @param id The number of the login
 * @param features The extensions that both sides named; `null` if the client named none,
 * as a client of Hoist 1
 * @param limits The limits to announce
 */
export function encodeLoginAnswer(
  id: number,
  features: ReadonlySet<Feature> | null,
  { maxPayload = Infinity, maxRooms = 0 }: AnnouncedLimits = {},
): string {
  if (features === null) return encodeSuccess(id, null);
  const hasLimit = features.has("max-payload") && maxPayload !== Infinity;
  const data = {
    features: [...features],
    ...(hasLimit ? { maxPayload } : {}),
    ...(features.has("rooms") ? { rooms: { max: maxRooms } } : {}),
  };
  return encodeSuccess(id, null, JSON.stringify(data));
}

/**
 * Encodes an error of the server: docs/reference/protocol.md, "Frames".
 *
 * @param id The number of the request; `null` if it could not be read
 * @param code The number of the error
 * @param data The details, whose keys depend on the code
 * @param description What exactly is wrong
 */
export function encodeError(
  id: number | null,
  code: ErrorCode,
  data: JsonObject | null = null,
  description: string | null = null,
): string {
  const [error, message] = ERROR_SENTENCES[code];
  const success = false;
  const desc = description;
  return JSON.stringify({ success, data, error, code, message, desc, id });
}

/** Returns the error frame for an invalid frame, and what is logged about it. */
export function errorAnswerOf(
  { id, code, data, description }: InvalidFrame,
): { readonly frame: string; readonly failure: string } {
  return {
    frame: encodeError(id, code, data, description),
    failure: description ?? "the frame is not JSON",
  };
}

/**
 * Encodes a message object: docs/reference/protocol.md, "2. A message".
 *
 * @param name The name of the message
 * @param data The payload
 * @param replying The message that this one replies to
 * @param id The number of the message
 *
 * @throws {TypeError} If the name is not a string, the data is no JSON object, or a message is
 * nested deeper than the stack allows
 */
export function encodeMessage(
  name: string,
  data: JsonObject,
  replying: WireMessage | null,
  id: number,
): string {
  assertName(name);
  const subject = () => describeMessage(name);
  const payload = stringifyData(data, subject);
  return `{"message":${JSON.stringify(name)},"data":${payload},"replying":${
    stringifyReplying(replying, subject)
  },"id":${id}}`;
}

/**
 * Makes the frame of a request with any number. The data is encoded once, before the
 * number is known: an error is thrown by the caller's own call, and what the caller
 * changes afterwards has no effect.
 *
 * @param id The number of the request
 * @param timeout How long the caller still waits, in milliseconds; it is sent only to a
 * peer that named `cancel`
 * @param traceparent The span of the caller; it is sent only to a peer that named `trace`
 */
export type RequestEncoder = (
  id: number,
  timeout?: number,
  traceparent?: string,
) => string;

/** What a login contains in addition, for the extensions that it names */
export interface LoginExtras {
  /**
   * When the client sends pings; omitted for a server that did not say that it supports
   * this
   */
  readonly heartbeat?: HeartbeatRules | undefined;
  /** The secret of the member that the client was in its rooms: the extension `rooms` */
  readonly member?: string | undefined;
}

/**
 * Encodes the login of a client: docs/reference/protocol.md, "1. Login".
 *
 * @param token The token of the client
 * @param version The version of Hoist that the client speaks
 * @param features The extensions that the client names
 * @param extras What the login contains in addition
 */
export function encodeLogin(
  token: string,
  version: string,
  features: readonly Feature[] = FEATURES,
  { heartbeat, member }: LoginExtras = {},
): RequestEncoder {
  const login = { token, version, features, heartbeat, member };
  return (id) => JSON.stringify({ id, ...login });
}

/**
 * Encodes a message of a client: docs/reference/protocol.md, "2. A message".
 *
 * @throws {TypeError} If the name is not a string, the data is no JSON object, or a message is
 * nested deeper than the stack allows
 */
export function encodeMessageRequest(
  name: string,
  data: JsonObject,
  replying: WireMessage | null,
): RequestEncoder {
  assertName(name);
  const subject = () => describeMessage(name);
  const payload = stringifyData(data, subject);
  const rest = `,"action":"message","data":{"message":${
    JSON.stringify(name)
  },"data":${payload},"replying":${stringifyReplying(replying, subject)}`;
  return (id, timeout, traceparent) =>
    `{"id":${id}${rest}${timeoutField(timeout)}${traceField(traceparent)}}}`;
}

/**
 * Encodes a call of an operation: docs/reference/protocol.md, "3. An operation".
 *
 * @throws {TypeError} If the name is not a string, or the data is no JSON object
 */
export function encodeOperationRequest(
  name: string,
  data: JsonObject,
): RequestEncoder {
  assertName(name);
  const payload = stringifyData(data, () => describeOperation(name));
  const rest = `,"action":"operation","data":{"operation":${
    JSON.stringify(name)
  },"data":${payload}`;
  return (id, timeout, traceparent) =>
    `{"id":${id}${rest}${timeoutField(timeout)}${traceField(traceparent)}}}`;
}

/** What a call of a stream requests */
export interface StreamOpening {
  /** How many items the server can send before it waits for more credit */
  readonly credit: number;
  /**
   * The id of the last item that arrived, or `null` if there is none:
   * docs/reference/protocol.md, `resume`. If omitted, the server sends no ids.
   */
  readonly lastEventId?: string | null | undefined;
  /** The span of the caller: docs/reference/protocol.md, `trace` */
  readonly traceparent?: string | undefined;
}

/**
 * Encodes a call of an operation that returns a stream: docs/reference/protocol.md,
 * `stream`.
 *
 * @param name The name of the operation
 * @param data The arguments of the operation
 * @returns Makes the frame of one call
 *
 * @throws {TypeError} If the name is not a string, or the data is no JSON object
 */
export function encodeStreamRequest(
  name: string,
  data: JsonObject,
): (id: number, opening: StreamOpening) => string {
  assertName(name);
  const payload = stringifyData(data, () => describeStream(name));
  const call = `"action":"stream","data":{"operation":${
    JSON.stringify(name)
  },"data":${payload}`;
  return (id, { credit, lastEventId, traceparent }) => {
    const position = lastEventId === undefined
      ? ""
      : `,"lastEventId":${JSON.stringify(lastEventId)}`;
    return `{"id":${id},${call},"credit":${credit}${position}${
      traceField(traceparent)
    }}}`;
  };
}

/** Encodes more credit for a stream: docs/reference/protocol.md, `stream`. */
export function encodeCredit(id: number, credit: number): string {
  return `{"id":${id},"action":"credit","data":{"credit":${credit}}}`;
}

/**
 * Encodes the cancellation of a request: docs/reference/protocol.md, `cancel`. A peer that
 * did not name `cancel` understands it only for a stream.
 */
export function encodeCancel(id: number): string {
  return `{"id":${id},"action":"cancel","data":{}}`;
}

/**
 * Encodes that the listeners to a request of the server have finished:
 * docs/reference/protocol.md, `request`.
 *
 * @param id The number of the message that asked
 * @param failed Whether one of the listeners failed
 */
export function encodeRequestDone(id: number, failed: boolean): string {
  return `{"id":${id},"action":"done","data":{"failed":${failed}}}`;
}

function timeoutField(timeout: number | undefined): string {
  return timeout === undefined ? "" : `,"timeout":${timeout}`;
}

/**
 * Adds the span of the server to the frame of a request: docs/reference/protocol.md, `trace`.
 *
 * @param frame The frame, an object
 * @param traceparent The span
 */
export function addTraceparent(frame: string, traceparent: string): string {
  return `${frame.slice(0, -1)}${traceField(traceparent)}}`;
}

function traceField(traceparent: string | undefined): string {
  return traceparent === undefined ? "" : `,"traceparent":"${traceparent}"`;
}

/** Encodes a new token: docs/reference/protocol.md, `renew`. */
export function encodeRenewal(token: string): RequestEncoder {
  return (id) => JSON.stringify({ id, action: "renew", data: { token } });
}

/**
 * Checks the name of a message or a request.
 *
 * @throws {TypeError} If the name is not a string
 */
export function assertName(name: unknown): void {
  if (typeof name === "string") return;
  throw invalidType(
    "Cannot send a message or a request",
    "the name",
    "a string",
    name,
  );
}
