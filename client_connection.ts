/**
 * A client's connection over whatever carries its requests.
 *
 * @module
 */

import type { ChannelRequest } from "./channel.ts";
import type { Connection } from "./connection.ts";
import {
  describeMessage,
  describeOperation,
  encodeMessageRequest,
  encodeOperationRequest,
} from "./encode.ts";
import type { Inbox } from "./inbox.ts";
import type { Listener } from "./message.ts";
import type { Json, JsonObject, WireMessage } from "./protocol.ts";
import type { Reporter } from "./reporter.ts";
import {
  type MessageOptions,
  type OperationOptions,
  SentMessage,
  ServerMessage,
} from "./server_message.ts";
import { fromCaller } from "./stack.ts";
import type {
  CloseInfo,
  ConnectionState,
  StateListener,
  Status,
} from "./status.ts";

/** What carries requests: one WebSocket, or one after the other. */
export interface Link {
  /** Resolves when the last WebSocket has ended; never rejects */
  readonly closed: Promise<CloseInfo>;
  /** Sends a request and waits for its answer. */
  request(request: ChannelRequest): Promise<JsonObject | null>;
  /** Says goodbye and waits, in bounded time, until the WebSocket has ended. */
  close(): Promise<void>;
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly link: Link;
  readonly inbox: Inbox;
  readonly status: Status;
  readonly reporter: Reporter;
}

/** A {@linkcode Connection} over a link that is open. */
export class ClientConnection implements Connection {
  readonly closed: Promise<CloseInfo>;
  readonly #link: Link;
  readonly #inbox: Inbox;
  readonly #status: Status;
  readonly #reporter: Reporter;

  constructor({ link, inbox, status, reporter }: ConnectionParts) {
    this.#link = link;
    this.#inbox = inbox;
    this.#status = status;
    this.#reporter = reporter;
    this.closed = link.closed;
    inbox.connect((wire) => {
      // The listener to the message before may have closed the connection.
      return status.state === "closed" ? undefined : this.#toMessage(wire);
    });
    // What the server sent along waits for the first listener, but not for ever.
    const timer = setTimeout(() => inbox.open(), 0);
    this.closed.then(() => clearTimeout(timer));
  }

  get state(): ConnectionState {
    return this.#status.state;
  }

  onState(listener: StateListener): Disposable {
    return this.#status.listen(listener);
  }

  receive(
    names: string | readonly string[] | Listener<ServerMessage>,
    listener?: Listener<ServerMessage>,
  ): Disposable {
    return this.#inbox.add(names, listener);
  }

  async message(
    name: string,
    data: JsonObject = {},
    options: MessageOptions = {},
  ): Promise<SentMessage> {
    try {
      return await this.#send(name, data, null, options);
    } catch (error) {
      throw fromCaller(error, this.message);
    }
  }

  async operation(
    name: string,
    data: JsonObject = {},
    { signal, timeout, idempotent }: OperationOptions = {},
  ): Promise<Json> {
    this.#inbox.open();
    const subject = describeOperation(name);
    const encode = (id: number) => encodeOperationRequest(id, name, data);
    const request = { subject, encode, signal, timeout, idempotent };
    try {
      return (await this.#link.request(request))?.result ?? null;
    } catch (error) {
      throw fromCaller(error, this.operation);
    }
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #send(
    name: string,
    data: JsonObject,
    replying: WireMessage | null,
    { signal, timeout, onReply }: MessageOptions,
  ): Promise<SentMessage> {
    this.#inbox.open();
    const replies: ServerMessage[] = [];
    let messageId = 0;
    await this.#link.request({
      subject: describeMessage(name),
      signal,
      timeout,
      encode: (id) => encodeMessageRequest(id, name, data, replying),
      onOpen: (id) => messageId = id,
      onReply: (wire) => {
        const reply = this.#toMessage(wire);
        replies.push(reply);
        if (onReply !== undefined) {
          void this.#reporter.run(() => onReply(reply));
        }
      },
    });
    return new SentMessage(
      { message: name, data, id: messageId, replying },
      replies,
    );
  }

  async #reply(
    name: string,
    data: JsonObject,
    replying: WireMessage,
    options: MessageOptions,
  ): Promise<SentMessage> {
    try {
      return await this.#send(name, data, replying, options);
    } catch (error) {
      throw fromCaller(error, this.#reply);
    }
  }

  #toMessage(wire: WireMessage): ServerMessage {
    return new ServerMessage(
      wire,
      (name, data, options) => this.#reply(name, data, wire, options),
    );
  }
}
