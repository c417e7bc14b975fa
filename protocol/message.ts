/**
 * Messages and the listeners to them, as both sides have them.
 *
 * @module
 */

import {
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
  /** The number of the message, which no other message of the server has */
  readonly id: number;
  /** The name of the message, by which listeners are chosen */
  readonly name: Name;
  /** What the message carries along: what its schema made of it, if it has one */
  readonly data: Data;
  readonly #wire: WireMessage;
  #replying: Message | undefined;

  /**
   * Constructs a `Message` from what stands in a frame.
   *
   * @param wire The message object: protocol.md, "2. A message"
   * @param checked What a schema made of its data; that data itself if left out
   */
  constructor(wire: WireMessage, checked?: { readonly data: unknown }) {
    this.#wire = wire;
    this.id = wire.id;
    this.name = wire.message as Name;
    this.data = (checked ?? wire).data as Data;
  }

  /** The message that this one replies to, or `null` */
  get replying(): Message | null {
    // Made when asked for: a peer can nest deeper than the stack goes.
    const { replying } = this.#wire;
    return replying === null ? null : this.#replying ??= new Message(replying);
  }

  /**
   * What stands in a frame for this message: protocol.md, "2. A message".
   *
   * @returns The message object
   */
  toJSON(): WireMessage {
    return this.#wire;
  }
}

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
