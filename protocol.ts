/**
 * The frames of the Hoist 1 wire protocol as values, without any input or output:
 * what the server's side needs. `response.ts` has what the client's side needs.
 *
 * @example
 * ```ts
 * import { decodeRequest } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * const frame = '{"id": 1, "action": "message", "data": {"message": "hi", "data": {}}}';
 * const request = decodeRequest(frame);
 * assert(request.kind === "message" && request.name === "hi");
 * ```
 *
 * @module
 */

import { ErrorCode } from "./errors.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

export { isJsonObject, type Json, type JsonObject } from "./json.ts";

/** A message as it stands in a frame: protocol.md, "2. A message" */
export interface WireMessage {
  /** The name of the message */
  readonly message: string;
  /** What the message carries along */
  readonly data: JsonObject;
  /** The number of the message, which no other message of the server has */
  readonly id: number;
  /** The message that this one replies to */
  readonly replying: WireMessage | null;
}

/** The first frame of a client: protocol.md, "1. Login" */
export interface LoginRequest {
  /** Tells the frames apart */
  readonly kind: "login";
  /** The number with which the answer is sent back */
  readonly id: number;
  /** What the client says to be let in */
  readonly token: string;
  /** The version of Hoist that the client speaks */
  readonly version: string;
}

/** A client sends a message: protocol.md, "2. A message" */
export interface MessageRequest {
  /** Tells the frames apart */
  readonly kind: "message";
  /** The number with which the answers are sent back */
  readonly id: number;
  /** The name of the message */
  readonly name: string;
  /** What the message carries along */
  readonly data: JsonObject;
  /** The message that this one replies to */
  readonly replying: WireMessage | null;
}

/** A client calls an operation: protocol.md, "3. An operation" */
export interface OperationRequest {
  /** Tells the frames apart */
  readonly kind: "operation";
  /** The number with which the answer is sent back */
  readonly id: number;
  /** The name of the operation */
  readonly name: string;
  /** The arguments of the operation */
  readonly data: JsonObject;
}

/** A client says that it leaves: protocol.md, "5. Goodbye" */
export interface Goodbye {
  /** Tells the frames apart */
  readonly kind: "end";
}

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

/**
 * Reads the first frame of a client: protocol.md, "1. Login".
 *
 * @param frame The data of the WebSocket message
 * @returns The login, the goodbye of a client that leaves at once, or what is wrong
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
  return decodeWith(readLogin, frame);
}

/**
 * Reads any later frame of a client: protocol.md, "2. A message" to "5. Goodbye".
 *
 * @param frame The data of the WebSocket message
 * @returns The request, the goodbye, or what is wrong
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
): MessageRequest | OperationRequest | Goodbye | InvalidFrame {
  return decodeWith(readRequest, frame);
}

/**
 * The JSON value of a frame, or `undefined` if it is none, as binary data.
 *
 * @param frame The data of a WebSocket message
 * @returns The value
 *
 * @example
 * ```ts
 * import { parseFrame } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseFrame('{"id": 1}'), { id: 1 });
 * assert.equal(parseFrame(new ArrayBuffer(1)), undefined);
 * ```
 */
export function parseFrame(frame: unknown): Json | undefined {
  if (typeof frame !== "string") return undefined;
  try {
    return JSON.parse(frame);
  } catch {
    return undefined;
  }
}

function decodeWith<Decoded>(
  read: (object: JsonObject) => Decoded,
  frame: unknown,
): Decoded | Goodbye | InvalidFrame {
  const value = parseFrame(frame);
  if (value === undefined) {
    return { ...invalid(null, ErrorCode.INVALID_JSON), fatal: true };
  }
  if (!isJsonObject(value)) {
    return { ...mismatch(null, "the frame", value, "dict"), fatal: true };
  }
  return value.end === true ? { kind: "end" } : read(value);
}

function readLogin(object: JsonObject): LoginRequest | InvalidFrame {
  const { id, token, version } = object;
  if (!isId(id)) return mismatch(null, '"id"', id, "int");
  if (typeof version !== "string") {
    return mismatch(id, '"version"', version, "str");
  }
  if (typeof token !== "string") return mismatch(id, '"token"', token, "str");
  return { kind: "login", id, token, version };
}

function readRequest(
  object: JsonObject,
): MessageRequest | OperationRequest | InvalidFrame {
  const { id, action, data } = object;
  if (!isId(id)) return mismatch(null, '"id"', id, "int");
  if (typeof action !== "string") {
    return mismatch(id, '"action"', action, "str");
  }
  if (!isJsonObject(data)) return mismatch(id, '"data"', data, "dict");
  if (action === "message") return readMessage(id, data);
  if (action === "operation") return readOperation(id, data);
  const description = '"action" must be "message" or "operation"';
  return invalid(id, ErrorCode.INVALID_ACTION, description);
}

function readMessage(
  id: number,
  { message: name, data, replying = null }: JsonObject,
): MessageRequest | InvalidFrame {
  if (typeof name !== "string") {
    return mismatch(id, '"data.message"', name, "str");
  }
  if (!isJsonObject(data)) return mismatch(id, '"data.data"', data, "dict");
  if (replying !== null && !isWireMessage(replying)) {
    return mismatch(id, '"data.replying"', replying, ["dict", "None"]);
  }
  return { kind: "message", id, name, data, replying };
}

function readOperation(
  id: number,
  { operation: name, data }: JsonObject,
): OperationRequest | InvalidFrame {
  if (typeof name !== "string") {
    return mismatch(id, '"data.operation"', name, "str");
  }
  if (!isJsonObject(data)) return mismatch(id, '"data.data"', data, "dict");
  return { kind: "operation", id, name, data };
}

/**
 * Whether a value is a message object with all that it replies to: protocol.md,
 * "2. A message".
 *
 * @param value The value to look at
 * @returns Whether it is a message object
 *
 * @example
 * ```ts
 * import { isWireMessage } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * assert(isWireMessage({ message: "hi", data: {}, id: 1, replying: null }));
 * ```
 */
export function isWireMessage(value: unknown): value is WireMessage {
  // A loop: a peer could nest deeper than the stack goes.
  for (let current = value; isJsonObject(current);) {
    if (
      typeof current.message !== "string" || !isJsonObject(current.data) ||
      !isId(current.id)
    ) return false;
    if (current.replying === null) return true;
    current = current.replying;
  }
  return false;
}

/**
 * Whether a value can be the `id` of a frame. A number that JavaScript would round
 * cannot: the answer would go to another request.
 *
 * @param value The value to look at
 * @returns Whether it is a whole number of at most 53 bits
 *
 * @example
 * ```ts
 * import { isId } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * assert(isId(1) && !isId(1.5) && !isId(2 ** 53) && !isId("1"));
 * ```
 */
export function isId(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function invalid(
  id: number | null,
  code: ErrorCode,
  description: string | null = null,
  data: JsonObject | null = null,
): InvalidFrame {
  return { kind: "invalid", id, code, data, description, fatal: false };
}

/** An error of a field with a wrong type: protocol.md, "Frames", code 2. */
function mismatch(
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

/** The name that Python has for the type of a JSON value. */
function typeName(value: Json | undefined): string | null {
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
