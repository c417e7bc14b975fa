/**
 * The JSON text of the frames that each side sends: protocol.md, "Frames".
 *
 * @module
 */

import { type ErrorCode } from "../common/errors.ts";
import { type JsonObject, stringifyData } from "../common/json.ts";
import {
  describeMessage,
  describeOperation,
  describeStream,
} from "../common/text.ts";
import { type Feature, FEATURES } from "./features.ts";
import { type WireMessage } from "./message.ts";
/** What the `message` key of a success says about the frame. */
export type SuccessKind =
  | "open"
  | "newmsg"
  | "done"
  | "s_newmsg"
  | "request"
  | "items"
  | null;

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
};

/** The last frame of a client: protocol.md, "5. Goodbye". */
export const GOODBYE = JSON.stringify({ id: null, end: true });

/** A success of the server; `data` is JSON text already, so that it is made once. */
export function encodeSuccess(
  id: number | null,
  kind: SuccessKind,
  data = "null",
): string {
  const message = kind === null ? "null" : `"${kind}"`;
  return `{"success":true,"data":${data},"error":null,"code":0,"message":${message},"desc":null,"id":${id}}`;
}

/**
 * The answer to a login; the features are `null` for a client that named none, and who
 * wants to know it is told how large a frame may be.
 */
export function encodeLoginAnswer(
  id: number,
  features: ReadonlySet<Feature> | null,
  maxPayload = Infinity,
): string {
  if (features === null) return encodeSuccess(id, null);
  const tells = features.has("max-payload") && maxPayload !== Infinity;
  const limits = tells ? { maxPayload } : {};
  const data = { features: [...features], ...limits };
  return encodeSuccess(id, null, JSON.stringify(data));
}

/** An error of the server: protocol.md, "Frames". */
export function encodeError(
  id: number | null,
  code: ErrorCode,
  data: JsonObject | null = null,
  description: string | null = null,
): string {
  const [error, message] = ERROR_SENTENCES[code];
  const success = false;
  return JSON.stringify({
    success,
    data,
    error,
    code,
    message,
    desc: description,
    id,
  });
}

/** The JSON text of a message object: protocol.md, "2. A message". */
export function encodeMessage(
  name: string,
  data: JsonObject,
  replying: WireMessage | null,
  id: number,
): string {
  assertName(name);
  const payload = stringifyData(data, describeMessage(name));
  return `{"message":${JSON.stringify(name)},"data":${payload},"replying":${
    JSON.stringify(replying)
  },"id":${id}}`;
}

/** The login of a client: protocol.md, "1. Login". */
export function encodeLogin(
  token: string,
  version: string,
  features: readonly Feature[] = FEATURES,
): string {
  return JSON.stringify({ id: 0, token, version, features });
}

/** A message of a client: protocol.md, "2. A message". */
export function encodeMessageRequest(
  id: number,
  name: string,
  data: JsonObject,
  replying: WireMessage | null,
): string {
  assertName(name);
  const payload = stringifyData(data, describeMessage(name));
  return `{"id":${id},"action":"message","data":{"message":${
    JSON.stringify(name)
  },"data":${payload},"replying":${JSON.stringify(replying)}}}`;
}

/** A call of a client: protocol.md, "3. An operation". */
export function encodeOperationRequest(
  id: number,
  name: string,
  data: JsonObject,
): string {
  assertName(name);
  const payload = stringifyData(data, describeOperation(name));
  return `{"id":${id},"action":"operation","data":{"operation":${
    JSON.stringify(name)
  },"data":${payload}}}`;
}

/** A call that gives a stream, of which so many items are taken: `stream`. */
export function encodeStreamRequest(
  id: number,
  name: string,
  data: JsonObject,
  credit: number,
): string {
  assertName(name);
  const payload = stringifyData(data, describeStream(name));
  return `{"id":${id},"action":"stream","data":{"operation":${
    JSON.stringify(name)
  },"data":${payload},"credit":${credit}}}`;
}

/** So many items more are taken of a stream: docs/protocol.md, `stream`. */
export function encodeCredit(id: number, credit: number): string {
  return `{"id":${id},"action":"credit","data":{"credit":${credit}}}`;
}

/** No more items are taken of a stream: docs/protocol.md, `stream`. */
export function encodeCancel(id: number): string {
  return `{"id":${id},"action":"cancel","data":{}}`;
}

/** The listeners to a request of the server are done: docs/protocol.md, `request`. */
export function encodeRequestDone(id: number, failed: boolean): string {
  return `{"id":${id},"action":"done","data":{"failed":${failed}}}`;
}

/**
 * Encodes a request now, for a number that it gets later: it is refused at once if
 * it cannot be sent, and what its caller changes in the meantime does not count.
 *
 * @param encode Makes the frame of a request, with its number
 * @returns Makes the same frame with any number
 */
export function encodeAhead(
  encode: (id: number) => string,
): (id: number) => string {
  const rest = encode(0).slice('{"id":0'.length);
  return (id) => `{"id":${id}${rest}`;
}

function assertName(name: unknown): void {
  if (typeof name === "string") return;
  throw new TypeError(
    `Cannot send a request or a message as its name must be a text: current value is of type ${typeof name}`,
  );
}
