/**
 * The frames of a client, as the server reads them: docs/reference/protocol.md,
 * "Frames".
 *
 * @module
 */

import { ErrorCode } from "../common/codes.ts";
import {
  isId,
  isJsonObject,
  type Json,
  type JsonObject,
} from "../common/json.ts";
import { isTraceparent } from "../common/telemetry.ts";
import { isEventId, MAX_EVENT_ID } from "../common/tracked.ts";
import { type Feature, NO_FEATURES } from "./features.ts";
import type {
  CreditFrame,
  ExtensionFrame,
  Goodbye,
  LoginRequest,
  MessageRequest,
  OperationRequest,
  PingFrame,
  RenewRequest,
  RequestDone,
  StreamRequest,
} from "./frame_types.ts";
import { isWireMessage, parseFrame } from "./message.ts";
import { readLogin } from "./read_login.ts";
import { invalid, type InvalidFrame, wrongType } from "./request_error.ts";
import {
  readRoomRequest,
  ROOM_ACTIONS,
  type RoomRequest,
} from "./room_frames.ts";

export type {
  CancelFrame,
  ControlFrame,
  CreditFrame,
  ExtensionFrame,
  Goodbye,
  LoginRequest,
  MessageRequest,
  OperationRequest,
  PingFrame,
  RenewRequest,
  RequestDone,
  StreamRequest,
} from "./frame_types.ts";

/** Any frame of a client after the login */
export type ClientFrame =
  | MessageRequest
  | OperationRequest
  | ExtensionFrame
  | RoomRequest
  | Goodbye
  | InvalidFrame;

/**
 * Decodes the first frame of a client: docs/reference/protocol.md, "1. Login".
 *
 * @param frame The data of the WebSocket message
 * @returns The login, a goodbye, or an invalid frame
 *
 * @example
 * ```ts
 * import { decodeLogin } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * const login = decodeLogin('{"id": 0, "token": "test", "version": "1.0.2"}');
 * assert(login.kind === "login" && login.token === "test");
 * ```
 */
export function decodeLogin(
  frame: unknown,
): LoginRequest | Goodbye | InvalidFrame {
  return read(parseFrame(frame), readLogin);
}

/**
 * Decodes a later frame of a client: docs/reference/protocol.md, "2. A message" to
 * "5. Goodbye".
 *
 * @param frame The data of the WebSocket message
 * @param features The extensions that both sides named; by default none
 * @returns The request, a goodbye, or an invalid frame
 *
 * @example
 * ```ts
 * import { decodeRequest } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * assert.equal(decodeRequest('{"id": null, "end": true}').kind, "end");
 * assert.equal(decodeRequest("{").kind, "invalid");
 * ```
 */
export function decodeRequest(
  frame: unknown,
  features: ReadonlySet<Feature> = NO_FEATURES,
): ClientFrame {
  return decodeEntry(parseFrame(frame), features);
}

/**
 * Parses a later frame of a client that can send batches: docs/reference/protocol.md,
 * `batch`. Decode the entries with {@linkcode decodeEntry}, because an invalid entry is
 * expensive and a batch can contain many.
 *
 * @param frame The data of the WebSocket message
 * @returns The entries of the batch, in their order; a frame that is no batch is the only
 * entry, and `undefined` if it is not JSON
 *
 * @example
 * ```ts
 * import { parseBatch } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseBatch('[{"id": null, "end": true}, 1]'), [
 *   { id: null, end: true },
 *   1,
 * ]);
 * ```
 */
export function parseBatch(frame: unknown): readonly (Json | undefined)[] {
  const value = parseFrame(frame);
  // An empty array is an invalid frame, like any other value that is no object.
  return Array.isArray(value) && value.length > 0 ? value : [value];
}

/**
 * Decodes an entry of a batch: docs/reference/protocol.md, `batch`.
 *
 * @param entry The entry, from {@linkcode parseBatch}
 * @param features The extensions that both sides named; by default none
 * @returns The request, a goodbye, or an invalid frame
 *
 * @example
 * ```ts
 * import { decodeEntry, parseBatch } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * const [first, second] = parseBatch('[{"id": null, "end": true}, 1]');
 * assert.equal(decodeEntry(first).kind, "end");
 * assert.equal(decodeEntry(second).kind, "invalid");
 * ```
 */
export function decodeEntry(
  entry: Json | undefined,
  features: ReadonlySet<Feature> = NO_FEATURES,
): ClientFrame {
  return read(entry, (object) => readRequest(object, features));
}

function read<Decoded>(
  value: Json | undefined,
  readObject: (object: JsonObject) => Decoded,
): Decoded | Goodbye | InvalidFrame {
  if (value === undefined) {
    return { ...invalid(null, ErrorCode.INVALID_JSON), fatal: true };
  }
  if (!isJsonObject(value)) {
    return { ...wrongType(null, "the frame", value, "dict"), fatal: true };
  }
  return value.end === true ? { kind: "end" } : readObject(value);
}

function readRequest(
  object: JsonObject,
  features: ReadonlySet<Feature>,
): Exclude<ClientFrame, Goodbye> {
  const { id, action, data } = object;
  if (action === "ping" && features.has("heartbeat")) return readPing(object);
  if (!isId(id)) return wrongType(null, '"id"', id, "int");
  if (typeof action !== "string") {
    return wrongType(id, '"action"', action, "str");
  }
  if (!isJsonObject(data)) return wrongType(id, '"data"', data, "dict");
  if (action === "message" || action === "operation") {
    const request = action === "message"
      ? readMessage(id, data)
      : readOperation(id, data);
    const limited = data.timeout === undefined || !features.has("cancel")
      ? request
      : withTimeout(request, data.timeout);
    return withTrace(limited, data.traceparent, features);
  }
  const extension = readExtension(id, action, data, features);
  if (extension !== undefined) return extension;
  const description = `"action" must be ${describeActions(features)}`;
  return invalid(id, ErrorCode.INVALID_ACTION, description);
}

/** Returns the actions that a client can send, such as `"message" or "operation"`. */
function describeActions(features: ReadonlySet<Feature>): string {
  const actions = ["message", "operation"];
  if (features.has("stream")) actions.push("stream", "credit");
  if (acceptsCancel(features)) actions.push("cancel");
  if (features.has("request")) actions.push("done");
  if (features.has("heartbeat")) actions.push("ping");
  if (features.has("renew")) actions.push("renew");
  if (features.has("rooms")) actions.push(...ROOM_ACTIONS);
  const quoted = actions.map((action) => `"${action}"`);
  const last = quoted.pop();
  return `${quoted.join(", ")} or ${last}`;
}

function readMessage(
  id: number,
  { message: name, data, replying = null }: JsonObject,
): MessageRequest | InvalidFrame {
  if (typeof name !== "string") {
    return wrongType(id, '"data.message"', name, "str");
  }
  if (!isJsonObject(data)) return wrongType(id, '"data.data"', data, "dict");
  if (replying !== null && !isWireMessage(replying)) {
    return wrongType(id, '"data.replying"', replying, ["dict", "None"]);
  }
  return { kind: "message", id, name, data, replying };
}

function readOperation(
  id: number,
  { operation: name, data }: JsonObject,
): OperationRequest | InvalidFrame {
  if (typeof name !== "string") {
    return wrongType(id, '"data.operation"', name, "str");
  }
  if (!isJsonObject(data)) return wrongType(id, '"data.data"', data, "dict");
  return { kind: "operation", id, name, data };
}

/** The longest timeout of a request, in milliseconds. No timer can run longer. */
const MAX_TIMEOUT = 2_147_483_647;

/** Adds the timeout of the client to a request: docs/reference/protocol.md, `cancel`. */
function withTimeout(
  request: MessageRequest | OperationRequest | InvalidFrame,
  timeout: Json,
): MessageRequest | OperationRequest | InvalidFrame {
  if (request.kind === "invalid") return request;
  return isId(timeout) && timeout >= 0 && timeout <= MAX_TIMEOUT
    ? { ...request, timeout }
    : wrongType(request.id, '"data.timeout"', timeout, "int");
}

/** Adds the span of the caller to a request: docs/reference/protocol.md, `trace`. */
function withTrace<
  Request extends MessageRequest | OperationRequest | StreamRequest,
>(
  request: Request | InvalidFrame,
  traceparent: Json | undefined,
  features: ReadonlySet<Feature>,
): Request | InvalidFrame {
  const isTraced = traceparent !== undefined && request.kind !== "invalid" &&
    features.has("trace") && isTraceparent(traceparent);
  return isTraced ? { ...request, traceparent } : request;
}

/** Whether a client can send `cancel`: without `cancel`, only for streams. */
function acceptsCancel(features: ReadonlySet<Feature>): boolean {
  return features.has("cancel") || features.has("stream");
}

/**
 * Reads a frame of an extension.
 *
 * @param id The number of the frame
 * @param action The action of the frame
 * @param data The data of the frame
 * @param features The extensions that both sides named
 * @returns The frame; `undefined` if no agreed extension has this action
 */
export function readExtension(
  id: number,
  action: string,
  data: JsonObject,
  features: ReadonlySet<Feature>,
): ExtensionFrame | RoomRequest | InvalidFrame | undefined {
  if (action === "done" && features.has("request")) return readDone(id, data);
  if (action === "cancel" && acceptsCancel(features)) {
    return { kind: action, id };
  }
  if (action === "renew" && features.has("renew")) return readRenew(id, data);
  if (action === "stream" && features.has("stream")) {
    const request = features.has("resume") && data.lastEventId !== undefined
      ? readResumable(id, data)
      : readStream(id, data);
    return withTrace(request, data.traceparent, features);
  }
  if (action === "credit" && features.has("stream")) {
    return readCredit(id, data);
  }
  return features.has("rooms") ? readRoomRequest(id, action, data) : undefined;
}

function readStream(
  id: number,
  { operation: name, data, credit }: JsonObject,
): StreamRequest | InvalidFrame {
  if (typeof name !== "string") {
    return wrongType(id, '"data.operation"', name, "str");
  }
  if (!isJsonObject(data)) return wrongType(id, '"data.data"', data, "dict");
  if (!isCredit(credit)) return wrongType(id, '"data.credit"', credit, "int");
  return { kind: "stream", id, name, data, credit };
}

/** Reads a stream whose items have ids: docs/reference/protocol.md, `resume`. */
function readResumable(
  id: number,
  { lastEventId, ...rest }: JsonObject,
): StreamRequest | InvalidFrame {
  // The items that the client has not read can fill its buffer.
  const isPaused = rest.credit === 0;
  const request = readStream(id, isPaused ? { ...rest, credit: 1 } : rest);
  if (request.kind === "invalid") return request;
  if (lastEventId !== null && !isEventId(lastEventId)) {
    return invalidEventId(id, lastEventId);
  }
  const credit = isPaused ? 0 : request.credit;
  return { ...request, credit, lastEventId };
}

function invalidEventId(id: number, value: Json | undefined): InvalidFrame {
  const field = '"data.lastEventId"';
  if (typeof value !== "string") {
    return wrongType(id, field, value, ["str", "None"]);
  }
  const description = `${field} must have 1 to ${MAX_EVENT_ID} bytes of UTF-8`;
  const types = { current: "str", needed: "str" };
  return invalid(id, ErrorCode.INVALID_CONTENT, description, types);
}

function readCredit(
  id: number,
  { credit }: JsonObject,
): CreditFrame | InvalidFrame {
  if (!isCredit(credit)) return wrongType(id, '"data.credit"', credit, "int");
  return { kind: "credit", id, credit };
}

function readRenew(
  id: number,
  { token }: JsonObject,
): RenewRequest | InvalidFrame {
  if (typeof token === "string") return { kind: "renew", id, token };
  return wrongType(id, '"data.token"', token, "str");
}

function readDone(
  id: number,
  { failed }: JsonObject,
): RequestDone | InvalidFrame {
  if (typeof failed !== "boolean") {
    return wrongType(id, '"data.failed"', failed, "bool");
  }
  return { kind: "done", id, failed };
}

function readPing({ id, data }: JsonObject): PingFrame | InvalidFrame {
  if (id !== null) return wrongType(null, '"id"', id, "None");
  if (!isJsonObject(data)) return wrongType(null, '"data"', data, "dict");
  return { kind: "ping", id };
}

function isCredit(value: unknown): value is number {
  return isId(value) && value > 0;
}
