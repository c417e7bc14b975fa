/**
 * A client's connection as its owner sees it.
 *
 * @module
 */

import { type Dispatcher } from "./dispatcher.ts";
import { Link } from "./link.ts";
import { type ClientLog } from "./log.ts";
import {
  type AnyEvent,
  type MessageOptions,
  type OperationOptions,
  type ReceivedEvent,
  type SentEntry,
  SentMessage,
  ServerMessage,
  type ServerReply,
} from "./message.ts";
import {
  type ConnectionState,
  type StateListener,
  type StateNotifier,
} from "./status.ts";
import {
  bufferOf,
  ItemStream,
  type OperationStream,
  type StreamOptions,
} from "./stream.ts";
import { type Checks } from "./validate.ts";
import { type RequestOptions, SerialQueue } from "../common/async.ts";
import { NoReplyError, withCallerStack } from "../common/errors.ts";
import { type Json, type JsonObject } from "../common/json.ts";
import { type Listener } from "../common/listeners.ts";
import {
  describeMessage,
  describeOperation,
  describeRequest,
  describeStream,
} from "../common/text.ts";
import { assertNamed, type Contract, repliesTo } from "../contract/contract.ts";
import {
  type ArgumentsIn,
  type DataAndOptions,
  type DataIn,
  type EntryIn,
  type EventName,
  type ItemIn,
  type MessageName,
  type OpenContract,
  type OperationName,
  type RequestNameIn,
  type ResultIn,
  type StreamName,
} from "../contract/infer.ts";
import { type CloseInfo } from "../protocol/close.ts";
import {
  encodeMessageRequest,
  encodeOperationRequest,
  encodeStreamRequest,
} from "../protocol/encode.ts";
import { type WireMessage } from "../protocol/message.ts";
/** What a connection is made of. */
export interface ConnectionParts {
  readonly link: Link;
  readonly inbox: Dispatcher;
  readonly status: StateNotifier;
  readonly reporter: ClientLog;
  /** What both sides have agreed on, if they have */
  readonly contract: Contract | undefined;
  /** Holds what the server sends against it; none if the server is trusted */
  readonly checks: Checks | undefined;
}

/** A {@linkcode Connection} over a link that is open. */
export class ClientConnection implements Connection {
  readonly closed: Promise<CloseInfo>;
  readonly #link: Link;
  readonly #inbox: Dispatcher;
  readonly #status: StateNotifier;
  readonly #reporter: ClientLog;
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
      throw withCallerStack(error, this.message);
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
      throw withCallerStack(error, this.request);
    }
  }

  async operation(
    name: string,
    data: JsonObject = {},
    { signal, timeout, idempotent }: OperationOptions = {},
  ): Promise<Json> {
    this.#inbox.open();
    const subject = describeOperation(name);
    try {
      this.#assertOperation(name);
      const encode = encodeOperationRequest(name, data);
      const request = { subject, encode, signal, timeout, idempotent };
      const result = (await this.#link.request(request))?.result ?? null;
      const checking = this.#checks?.result(name, result);
      if (checking !== undefined) await checking;
      return result;
    } catch (error) {
      throw withCallerStack(error, this.operation);
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
    const encode = encodeStreamRequest(name, data, buffer);
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
      encode: encodeMessageRequest(name, data, replying),
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
      encode: encodeMessageRequest(name, data, null),
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
      throw withCallerStack(error, this.#reply);
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

/**
 * A connection to a server, with which `Of` is the contract. Any number of requests may
 * be under way; their answers come in any order.
 */
export interface Connection<Of extends Contract = OpenContract>
  extends AsyncDisposable {
  /**
   * Resolves when the connection has ended for good, whoever ended it; never rejects
   */
  readonly closed: Promise<CloseInfo>;
  /**
   * What the connection is about: `open` or `closed`, and between the two, with the
   * option `reconnect`, `waiting` and `connecting`
   */
  readonly state: ConnectionState;

  /**
   * Calls a function when the state changes.
   *
   * @param listener What to call; what it throws goes to the logger
   * @returns Removes the listener when disposed of
   *
   * @throws {TypeError} If the listener is no function
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * await using connection = await connect("test", {
   *   url: server.url,
   *   reconnect: true,
   * });
   * connection.onState((status) => {
   *   if (status.state === "waiting") {
   *     console.log(`lost (${status.close.code}), back in ${status.delay} ms`);
   *   }
   * });
   * ```
   */
  onState(listener: StateListener): Disposable;

  /**
   * Calls a function with every message, whatever its name.
   *
   * @param listener What to call
   * @returns Removes the listener when disposed of
   */
  receive(listener: Listener<AnyEvent<Of>>): Disposable;
  /**
   * Calls a function with every message of a name, or of one of several, at once when
   * it comes: broadcasts, messages to this client alone, and replies.
   *
   * @param names The name of the messages, or several names
   * @param listener What to call; what it throws goes to the logger
   * @returns Removes the listener when disposed of
   *
   * @throws {TypeError} If the list of names is empty or the listener no function
   */
  receive<Name extends EventName<Of>>(
    names: Name | readonly Name[],
    listener: Listener<ReceivedEvent<Of, Name>>,
  ): Disposable;

  /**
   * Sends a message and waits until the listeners of the server are done. It is sent
   * at most once: if the connection ends before the answer came, the server may or may
   * not have seen it.
   *
   * @param name The name of the message
   * @param data What the message carries along, an empty object if left out
   * @param options How long to wait, and what to do with the replies
   * @returns The message with the replies to it
   *
   * @throws {ResponseError} If a listener failed, or the data does not match its schema
   * @throws {ValidationError} If a reply does not fit the contract, with `validate`
   * @throws {ConnectionClosedError} If the connection ends before
   * @throws {TimeoutError} If it takes longer than `timeout`
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {RangeError} If it is longer than the server allows; nothing is sent then
   */
  message<Name extends MessageName<Of>>(
    name: Name,
    ...dataAndOptions: DataAndOptions<
      DataIn<EntryIn<Of["messages"], Name>>,
      MessageOptions<ServerReply<Of, EntryIn<Of["messages"], Name>>>
    >
  ): Promise<SentEntry<Of, EntryIn<Of["messages"], Name>, Name>>;

  /**
   * Asks the server something: sends a message and waits for the first reply to it, and
   * no longer. It is sent at most once, as any message.
   *
   * @param name The name of the message
   * @param data What the message carries along, an empty object if left out
   * @param options How long to wait
   * @returns The reply
   *
   * @throws {NoReplyError} If the listeners of the server are done, and none replied
   * @throws {ResponseError} If a listener failed, or the data does not match its schema
   * @throws {ValidationError} If the reply does not fit the contract, with `validate`
   * @throws {ConnectionClosedError} If the connection ends before
   * @throws {TimeoutError} If it takes longer than `timeout`
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {RangeError} If it is longer than the server allows; nothing is sent then
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.receive("hello", (message) => {
   *   message.reply("hi", { text: `welcome, ${message.data.name}` });
   * });
   *
   * await using connection = await connect("test", { url: server.url });
   * const { data } = await connection.request("hello", { name: "Ada" });
   * assert.equal(data.text, "welcome, Ada");
   * ```
   */
  request<Name extends RequestNameIn<Of["messages"]>>(
    name: Name,
    ...dataAndOptions: DataAndOptions<
      DataIn<EntryIn<Of["messages"], Name>>,
      RequestOptions
    >
  ): Promise<ServerReply<Of, EntryIn<Of["messages"], Name>>>;

  /**
   * Calls an operation of the server, at most once: if the connection ends before the
   * answer came, the server may or may not have carried it out. With `idempotent` it
   * is called again once the connection is back.
   *
   * @param name The name of the operation
   * @param data The arguments, an empty object if left out
   * @param options How long to wait, and whether it may run twice
   * @returns The result
   *
   * @throws {ResponseError} If there is no such operation, it failed, or the arguments
   * do not fit its schema
   * @throws {ValidationError} If the result does not fit the contract, with `validate`
   * @throws {ConnectionClosedError} If the connection ends before
   * @throws {TimeoutError} If it takes longer than `timeout`
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {RangeError} If it is longer than the server allows; nothing is sent then
   */
  operation<Name extends OperationName<Of>>(
    name: Name,
    ...dataAndOptions: DataAndOptions<
      ArgumentsIn<EntryIn<Of["operations"], Name>>,
      OperationOptions
    >
  ): Promise<ResultIn<EntryIn<Of["operations"], Name>>>;

  /**
   * Calls an operation of the server that gives a stream, when its first item is asked
   * for. The server makes no more items than this side takes, but for those in `buffer`.
   *
   * @param name The name of the operation
   * @param data The arguments, an empty object if left out
   * @param options How much may be on the way, and what ends it
   * @returns The items, for `for await`, which throws if anything goes wrong
   *
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {RangeError} If `buffer` is out of its range
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.operation("count", async function* () {
   *   for (let n = 1;; n++) yield n;
   * });
   *
   * await using connection = await connect("test", { url: server.url });
   * const numbers = [];
   * for await (const n of connection.stream("count")) {
   *   if (numbers.push(n) === 3) break;
   * }
   * assert.deepEqual(numbers, [1, 2, 3]);
   * ```
   */
  stream<Name extends StreamName<Of>>(
    name: Name,
    ...dataAndOptions: DataAndOptions<
      ArgumentsIn<EntryIn<Of["operations"], Name>>,
      StreamOptions
    >
  ): OperationStream<ItemIn<EntryIn<Of["operations"], Name>>>;

  /**
   * Says goodbye and closes the connection, which does not come back. What is under
   * way and what waits rejects with a `ConnectionClosedError`.
   *
   * @returns Resolves when the connection has ended; calling it again changes nothing
   */
  close(): Promise<void>;
}

/** Collects replies, those that fit the contract. */
export class Replies {
  readonly #asked: string;
  readonly #checks: Checks | undefined;
  readonly #accept: (wire: WireMessage) => ServerMessage;
  readonly #sequence = new SerialQueue();
  readonly #replies: ServerMessage[] = [];
  #failure: { readonly error: unknown } | undefined;

  /**
   * Constructs `Replies`.
   *
   * @param asked The name of the message that they reply to
   * @param checks What they are held against, if anything
   * @param accept Is called with each that fits, in their order; it does not throw
   */
  constructor(
    asked: string,
    checks: Checks | undefined,
    accept: (wire: WireMessage) => ServerMessage,
  ) {
    this.#asked = asked;
    this.#checks = checks;
    this.#accept = accept;
  }

  /** A reply has come. */
  add(wire: WireMessage): void {
    this.#sequence.add(
      () => this.#checks?.reply(this.#asked, wire),
      () => void this.#replies.push(this.#accept(wire)),
      (error) => this.#failure ??= { error },
    );
  }

  /**
   * All of them have come.
   *
   * @returns Those that there are
   *
   * @throws {ValidationError} If one of them does not fit
   */
  async all(): Promise<readonly ServerMessage[]> {
    if (this.#sequence.done !== undefined) await this.#sequence.done;
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#replies;
  }
}
