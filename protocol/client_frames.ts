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

import { ErrorCode } from "../common/errors.ts";
import {
  isId,
  isJsonObject,
  type Json,
  type JsonObject,
} from "../common/json.ts";
import { type Feature, NO_FEATURES } from "./features.ts";
import { invalid, type InvalidFrame, mismatch } from "./invalid_frame.ts";
import { isWireMessage, parseFrame, WireMessage } from "./message.ts";
/** A client calls an operation that gives a stream: docs/protocol.md, `stream` */
export interface StreamRequest {
  /** Tells the frames apart */
  readonly kind: "stream";
  /** The number with which the items and the end of the stream are sent back */
  readonly id: number;
  /** The name of the operation */
  readonly name: string;
  /** The arguments of the operation */
  readonly data: JsonObject;
  /** How many items the client takes before it grants more */
  readonly credit: number;
}

/** A client takes more items of a stream: docs/protocol.md, `stream` */
export interface CreditFrame {
  /** Tells the frames apart */
  readonly kind: "credit";
  /** The number of the request that began the stream */
  readonly id: number;
  /** How many more */
  readonly credit: number;
}

/** A client takes no more items of a stream: docs/protocol.md, `stream` */
export interface CancelFrame {
  /** Tells the frames apart */
  readonly kind: "cancel";
  /** The number of the request that began the stream */
  readonly id: number;
}

/** The listeners of a client to a request are done: docs/protocol.md, `request` */
export interface RequestDone {
  /** Tells the frames apart */
  readonly kind: "done";
  /** The number of the message that asked */
  readonly id: number;
  /** Whether one of them failed */
  readonly failed: boolean;
}

/** A frame of a client that is about what is under way, and has no answer */
export type ControlFrame = CreditFrame | CancelFrame | RequestDone;

/** Any frame of a client that is not in Hoist 1 */
export type ExtensionFrame = StreamRequest | ControlFrame;

/** Reads a frame whose action is not in Hoist 1; `undefined` if nobody agreed to it. */
export function readExtension(
  id: number,
  action: string,
  data: JsonObject,
  features: ReadonlySet<Feature>,
): ExtensionFrame | InvalidFrame | undefined {
  if (action === "done" && features.has("request")) return readDone(id, data);
  if (!features.has("stream")) return undefined;
  switch (action) {
    case "stream":
      return readStream(id, data);
    case "credit":
      return readCredit(id, data);
    case "cancel":
      return { kind: "cancel", id };
  }
}

function readStream(
  id: number,
  { operation: name, data, credit }: JsonObject,
): StreamRequest | InvalidFrame {
  if (typeof name !== "string") {
    return mismatch(id, '"data.operation"', name, "str");
  }
  if (!isJsonObject(data)) return mismatch(id, '"data.data"', data, "dict");
  if (!isCredit(credit)) return mismatch(id, '"data.credit"', credit, "int");
  return { kind: "stream", id, name, data, credit };
}

function readCredit(
  id: number,
  { credit }: JsonObject,
): CreditFrame | InvalidFrame {
  if (!isCredit(credit)) return mismatch(id, '"data.credit"', credit, "int");
  return { kind: "credit", id, credit };
}

function readDone(
  id: number,
  { failed }: JsonObject,
): RequestDone | InvalidFrame {
  if (typeof failed !== "boolean") {
    return mismatch(id, '"data.failed"', failed, "bool");
  }
  return { kind: "done", id, failed };
}

function isCredit(value: unknown): value is number {
  return isId(value) && value > 0;
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
  /**
   * The extensions that the client names: protocol.md, "Extensions"; `undefined` for
   * a client of Hoist 1
   */
  readonly features: readonly Json[] | undefined;
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

/** Any frame of a client but the first */
export type ClientFrame =
  | MessageRequest
  | OperationRequest
  | ExtensionFrame
  | Goodbye
  | InvalidFrame;

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
  return read(parseFrame(frame), readLogin);
}

/**
 * Reads any later frame of a client: protocol.md, "2. A message" to "5. Goodbye".
 *
 * @param frame The data of the WebSocket message
 * @param features The extensions that both sides have named: none if left out
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
  features: ReadonlySet<Feature> = NO_FEATURES,
): ClientFrame {
  return read(parseFrame(frame), (object) => readRequest(object, features));
}

/**
 * Reads any later frame of a client that may send batches: protocol.md,
 * "Extensions", `batch`.
 *
 * @param frame The data of the WebSocket message
 * @param features The extensions that both sides have named: none if left out
 * @returns What is in the frame, in its order
 *
 * @example
 * ```ts
 * import { decodeBatch } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * const [first, second] = decodeBatch('[{"id": null, "end": true}, 1]');
 * assert.equal(first?.kind, "end");
 * assert.equal(second?.kind, "invalid");
 * ```
 */
export function decodeBatch(
  frame: unknown,
  features: ReadonlySet<Feature> = NO_FEATURES,
): readonly ClientFrame[] {
  const value = parseFrame(frame);
  const readElement = (object: JsonObject) => readRequest(object, features);
  // An empty one says nothing, as any other frame that is no object.
  return Array.isArray(value) && value.length > 0
    ? value.map((element) => read(element, readElement))
    : [read(value, readElement)];
}

function read<Decoded>(
  value: Json | undefined,
  readObject: (object: JsonObject) => Decoded,
): Decoded | Goodbye | InvalidFrame {
  if (value === undefined) {
    return { ...invalid(null, ErrorCode.INVALID_JSON), fatal: true };
  }
  if (!isJsonObject(value)) {
    return { ...mismatch(null, "the frame", value, "dict"), fatal: true };
  }
  return value.end === true ? { kind: "end" } : readObject(value);
}

function readLogin(object: JsonObject): LoginRequest | InvalidFrame {
  const { id, token, version, features } = object;
  if (!isId(id)) return mismatch(null, '"id"', id, "int");
  if (typeof version !== "string") {
    return mismatch(id, '"version"', version, "str");
  }
  if (typeof token !== "string") return mismatch(id, '"token"', token, "str");
  if (features !== undefined && !Array.isArray(features)) {
    return mismatch(id, '"features"', features, "list");
  }
  return { kind: "login", id, token, version, features };
}

function readRequest(
  object: JsonObject,
  features: ReadonlySet<Feature>,
): Exclude<ClientFrame, Goodbye> {
  const { id, action, data } = object;
  if (!isId(id)) return mismatch(null, '"id"', id, "int");
  if (typeof action !== "string") {
    return mismatch(id, '"action"', action, "str");
  }
  if (!isJsonObject(data)) return mismatch(id, '"data"', data, "dict");
  if (action === "message") return readMessage(id, data);
  if (action === "operation") return readOperation(id, data);
  const extension = readExtension(id, action, data, features);
  if (extension !== undefined) return extension;
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
