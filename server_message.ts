/**
 * What a client's listeners and callers get to see: what the server sends, and what
 * was sent to it.
 *
 * @module
 */

import { Message } from "./message.ts";
import type { JsonObject, WireMessage } from "./protocol.ts";

/** Options of a single request */
export interface RequestOptions {
  /**
   * Gives up waiting when aborted: the request rejects with the reason of the
   * signal. The server carries on with what it has begun.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to wait for the answer, in milliseconds from 0 to 2,147,483,647.
   *
   * @default {Infinity}
   */
  readonly timeout?: number | undefined;
}

/** Options of `Connection.operation` */
export interface OperationOptions extends RequestOptions {
  /**
   * Whether it does no harm if the operation runs twice. One that was under way when
   * the connection was lost is then called again once the connection is back, unless
   * the server may have closed because of it (1003, 1008 or 1009); its `timeout` and its
   * `signal` count from the first call on. Of no meaning without `reconnect`.
   *
   * @default {false}
   */
  readonly idempotent?: boolean | undefined;
}

/** Options of `Connection.message` */
export interface MessageOptions extends RequestOptions {
  /**
   * Is called with each reply, as it comes.
   *
   * @param reply The reply
   */
  readonly onReply?: ((reply: ServerMessage) => unknown) | undefined;
}

/** A message that the server sent: a reply, a broadcast, or one to this client alone */
export class ServerMessage extends Message {
  readonly #send: (
    name: string,
    data: JsonObject,
    options: MessageOptions,
  ) => Promise<SentMessage>;

  /**
   * Constructs a `ServerMessage`; connections do that.
   *
   * @param wire The message object: protocol.md, "2. A message"
   * @param send Sends a reply to it
   */
  constructor(
    wire: WireMessage,
    send: (
      name: string,
      data: JsonObject,
      options: MessageOptions,
    ) => Promise<SentMessage>,
  ) {
    super(wire);
    this.#send = send;
  }

  /**
   * Replies to the message. The server's listeners find it in `message.replying`.
   *
   * @param name The name of the reply
   * @param data What the reply carries along, an empty object if left out
   * @param options How long to wait, and what to do with the replies
   * @returns Resolves when the server's listeners are done, as that of
   * `Connection.message`
   */
  reply(
    name: string,
    data: JsonObject = {},
    options: MessageOptions = {},
  ): Promise<SentMessage> {
    return this.#send(name, data, options);
  }
}

/** A message that was sent to the server, with what came back */
export class SentMessage extends Message {
  /** The replies of the server's listeners, in the order in which they came */
  readonly replies: readonly ServerMessage[];

  /**
   * Constructs a `SentMessage`; connections do that.
   *
   * @param wire The message object: protocol.md, "2. A message"
   * @param replies The replies to it
   */
  constructor(wire: WireMessage, replies: readonly ServerMessage[]) {
    super(wire);
    this.replies = replies;
  }
}
