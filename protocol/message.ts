/**
 * Messages: the class that listeners receive, and the message object on the wire.
 *
 * @module
 */

import {
  clearMinusZeros,
  escapeDigits,
  isId,
  isJsonObject,
  type Json,
  type JsonObject,
} from "../common/json.ts";

/**
 * A message that one side sent to the other.
 *
 * @example
 * ```ts
 * import { connect, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.receive("hello", (message) => {
 *   message.reply("hi", { you: message.data.name });
 * });
 *
 * await using connection = await connect("test", { url: server.url });
 * const sent = await connection.message("hello", { name: "Ada" });
 * assert.deepEqual(sent.replies[0]?.data, { you: "Ada" });
 * ```
 */
export class Message<Data = JsonObject, Name extends string = string> {
  /** The number of the message, which is unique on its server */
  readonly id: number;
  /** The name of the message, by which the listeners are chosen */
  readonly name: Name;
  /** The data of the message: the output of its schema, if it has one */
  readonly data: Data;
  readonly #wire: WireMessage;
  #replying: Message | undefined;

  /**
   * Constructs a `Message` from a message object.
   *
   * @param wire The message object: docs/reference/protocol.md, "2. A message"
   * @param checked The output of the schema of its data; by default, the data itself
   */
  constructor(wire: WireMessage, checked?: { readonly data: unknown }) {
    this.#wire = wire;
    this.id = wire.id;
    this.name = wire.message as Name;
    this.data = (checked ?? wire).data as Data;
  }

  /** The message that this one replies to, or `null` */
  get replying(): Message | null {
    // Constructed on access: a peer can nest messages deeper than the stack allows.
    const { replying } = this.#wire;
    return replying === null ? null : this.#replying ??= new Message(replying);
  }

  /**
   * Returns the message object: docs/reference/protocol.md, "2. A message".
   *
   * @returns The message object
   */
  toJSON(): WireMessage {
    return this.#wire;
  }
}

/** A message as a frame contains it: docs/reference/protocol.md, "2. A message" */
export interface WireMessage {
  /** The name of the message */
  readonly message: string;
  /** The data of the message */
  readonly data: JsonObject;
  /** The number of the message, which is unique on its server */
  readonly id: number;
  /** The message that this one replies to */
  readonly replying: WireMessage | null;
}

/** A part of each number that is read as `-0`: of `-0.0`, or of the too small `-1e-400`. */
const MINUS_ZERO = /-(?:0|[1-9][\d.]*[eE]-\d{3})/;

/**
 * Parses a frame as JSON.
 *
 * @param frame The data of a WebSocket message
 * @returns The value; `undefined` if the frame is binary or not JSON
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
    const value: Json = JSON.parse(escapeDigits(frame));
    // The first search is fast. Most frames that match contain a date.
    if (frame.includes("-") && MINUS_ZERO.test(frame)) clearMinusZeros(value);
    return value;
  } catch {
    return undefined;
  }
}

/**
 * Returns whether a value is a message object, including all messages that it replies
 * to: docs/reference/protocol.md, "2. A message".
 *
 * @param value The value
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
  // A loop, because a peer can nest messages deeper than the stack allows.
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
