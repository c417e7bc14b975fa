/**
 * What a server's listeners and operations get to see: the clients and what they
 * send.
 *
 * @module
 */

import { Message } from "./message.ts";
import type { JsonObject, WireMessage } from "./protocol.ts";

/** A client that is connected to a server; `Identity` is what its login made of it */
export interface Client<Identity = unknown> {
  /** The number of the client, which no other client of the server has */
  readonly id: number;
  /** The address of the client, such as `127.0.0.1:41788` */
  readonly address: string;
  /**
   * Who the client is: what `login` resolved to, `{ name }` if it logged in with one of
   * the named `tokens`, otherwise `undefined`
   */
  readonly identity: Identity;
  /** The version of Hoist that the client speaks, such as `1.0.0` */
  readonly version: string;
  /**
   * Sends a message to this client alone. If the client has left, nothing happens.
   *
   * @param name The name of the message
   * @param data What the message carries along, an empty object if left out
   * @returns The message
   *
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {RangeError} If it is larger than `limits.maxBuffered`
   */
  message(name: string, data?: JsonObject): Message;
  /**
   * Closes the connection to this client. If the client has left, nothing happens.
   *
   * @param code The close code, 1000 or from 3000 to 4999; 1000 if left out
   * @param reason What the client is told, at most 123 bytes; nothing if left out
   *
   * @throws {RangeError} If the code or the reason is out of range
   */
  close(code?: number, reason?: string): void;
}

/** What an operation is told besides its arguments */
export interface OperationContext<Identity = unknown> {
  /** The client that called */
  readonly client: Client<Identity>;
}

/**
 * A message that a client sent to the server.
 *
 * @example
 * ```ts
 * import { connect, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.receive("count to", (message) => {
 *   for (let n = 1; n <= Number(message.data.n); n++) message.reply("number", { n });
 * });
 *
 * await using connection = await connect("test", { url: server.url });
 * const sent = await connection.message("count to", { n: 3 });
 * assert.deepEqual(sent.replies.map((reply) => reply.data.n), [1, 2, 3]);
 * ```
 */
export class ClientMessage<Identity = unknown> extends Message {
  /** The client that sent the message */
  readonly client: Client<Identity>;
  readonly #send: (name: string, data: JsonObject) => Message;

  /**
   * Constructs a `ClientMessage`; servers do that.
   *
   * @param wire The message object: protocol.md, "2. A message"
   * @param client The client that sent it
   * @param send Sends a reply
   */
  constructor(
    wire: WireMessage,
    client: Client<Identity>,
    send: (name: string, data: JsonObject) => Message,
  ) {
    super(wire);
    this.client = client;
    this.#send = send;
  }

  /**
   * Replies to the message, any number of times, also after the listener has
   * finished. If the client has left, nothing happens.
   *
   * @param name The name of the reply
   * @param data What the reply carries along, an empty object if left out
   * @returns The reply
   *
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {RangeError} If it is larger than `limits.maxBuffered`
   */
  reply(name: string, data: JsonObject = {}): Message {
    return this.#send(name, data);
  }
}
