/**
 * A client's connection over whatever carries its requests.
 *
 * @module
 */

import type { ChannelRequest } from "./channel.ts";
import type { Checks } from "./checks.ts";
import type { Connection } from "./connection.ts";
import { assertNamed, type Contract, repliesTo } from "./contract.ts";
import {
  describeMessage,
  describeOperation,
  describeRequest,
  describeStream,
  encodeAhead,
  encodeMessageRequest,
  encodeOperationRequest,
  encodeStreamRequest,
} from "./encode.ts";
import { NoReplyError } from "./errors.ts";
import type { Inbox } from "./inbox.ts";
import type { Listener } from "./message.ts";
import type { Json, JsonObject, WireMessage } from "./protocol.ts";
import { Replies } from "./replies.ts";
import type { Reporter } from "./reporter.ts";
import {
  type MessageOptions,
  type OperationOptions,
  type RequestOptions,
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
import {
  bufferOf,
  ItemStream,
  type OperationStream,
  type StreamOptions,
} from "./stream.ts";

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
  /** What both sides have agreed on, if they have */
  readonly contract: Contract | undefined;
  /** Holds what the server sends against it; none if the server is trusted */
  readonly checks: Checks | undefined;
}

/** A {@linkcode Connection} over a link that is open. */
export class ClientConnection implements Connection {
  readonly closed: Promise<CloseInfo>;
  readonly #link: Link;
  readonly #inbox: Inbox;
  readonly #status: Status;
  readonly #reporter: Reporter;
  readonly #contract: Contract | undefined;
  readonly #checks: Checks | undefined;

  constructor(
    { link, inbox, status, reporter, contract, checks }: ConnectionParts,
  ) {
    this.#link = link;
    this.#inbox = inbox;
    this.#status = status;
    this.#reporter = reporter;
    this.#contract = contract;
    this.#checks = checks;
    this.closed = link.closed;
    inbox.connect({
      check: (wire) => checks?.message(wire),
      // The listener to the message before may have closed the connection.
      toMessage: (wire) =>
        status.state === "closed" ? undefined : this.#toMessage(wire),
      // A listener to a name relies on the schema of an event, not of a reply.
      isNamed: ({ replying }) => contract === undefined || replying === null,
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
    for (const name of typeof names === "function" ? [] : [names].flat()) {
      const subject = `Cannot receive ${describeMessage(name)}`;
      assertNamed(subject, this.#contract?.events, name);
    }
    return this.#inbox.add(names, listener);
  }

  async message<Name extends string>(
    name: Name,
    data: JsonObject = {},
    options: MessageOptions = {},
  ): Promise<SentMessage<JsonObject, Name>> {
    try {
      return await this.#send(name, data, null, options);
    } catch (error) {
      throw fromCaller(error, this.message);
    }
  }

  async request(
    name: string,
    data: JsonObject = {},
    options: RequestOptions = {},
  ): Promise<ServerMessage> {
    try {
      return await this.#ask(name, data, options);
    } catch (error) {
      throw fromCaller(error, this.request);
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
      this.#assertOperation(name);
      const result = (await this.#link.request(request))?.result ?? null;
      const checking = this.#checks?.result(name, result);
      if (checking !== undefined) await checking;
      return result;
    } catch (error) {
      throw fromCaller(error, this.operation);
    }
  }

  stream(
    name: string,
    data: JsonObject = {},
    options: StreamOptions = {},
  ): OperationStream {
    const { signal } = options;
    const buffer = bufferOf(options);
    const subject = describeStream(name);
    this.#assertOperation(name);
    // What cannot be sent is refused now, and not when somebody asks for an item.
    const encode = encodeAhead((id) =>
      encodeStreamRequest(id, name, data, buffer)
    );
    return new ItemStream({
      subject,
      buffer,
      signal,
      call: (events) => {
        this.#inbox.open();
        return this.#link.request({
          subject,
          encode,
          needs: "stream",
          ...events,
        });
      },
      check: this.#checks && ((item) => this.#checks?.item(name, item)),
    });
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOperation(name: string): void {
    const subject = `Cannot call ${describeOperation(name)}`;
    assertNamed(subject, this.#contract?.operations, name);
  }

  async #send<Name extends string>(
    name: Name,
    data: JsonObject,
    replying: WireMessage | null,
    { signal, timeout, onReply }: MessageOptions,
  ): Promise<SentMessage<JsonObject, Name>> {
    this.#inbox.open();
    this.#assertMessage(name, replying);
    const replies = new Replies(name, this.#checks, (wire) => {
      const reply = this.#toMessage(wire);
      if (onReply !== undefined) void this.#reporter.run(() => onReply(reply));
      return reply;
    });
    let messageId = 0;
    await this.#link.request({
      subject: describeMessage(name),
      signal,
      timeout,
      encode: (id) => encodeMessageRequest(id, name, data, replying),
      onOpen: (id) => messageId = id,
      onReply: (wire) => replies.add(wire),
    });
    const wire = { message: name, data, id: messageId, replying };
    return new SentMessage(wire, await replies.all());
  }

  /** A reply may be a message of the contract, or one that goes with its event. */
  #assertMessage(name: string, replying: WireMessage | null): void {
    if (this.#contract === undefined) return;
    const { messages } = this.#contract;
    const replies = replying === null
      ? {}
      : repliesTo(this.#contract.events, replying.message);
    const subject = `Cannot send ${describeMessage(name)}`;
    assertNamed(subject, { ...messages, ...replies }, name);
  }

  /** Sends a message and takes the first reply for the answer. */
  async #ask(
    name: string,
    data: JsonObject,
    { signal, timeout }: RequestOptions,
  ): Promise<ServerMessage> {
    this.#inbox.open();
    this.#assertMessage(name, null);
    const subject = describeRequest(name);
    const replies: WireMessage[] = [];
    await this.#link.request({
      subject,
      signal,
      timeout,
      endsWithReply: true,
      encode: (id) => encodeMessageRequest(id, name, data, null),
      onReply: (wire) => void replies.push(wire),
    });
    const [first] = replies;
    if (first === undefined) throw new NoReplyError(subject);
    await this.#checks?.reply(name, first);
    return this.#toMessage(first);
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
      (name, data, options) =>
        this.#reply(name, data as JsonObject, wire, options as MessageOptions),
    );
  }
}
