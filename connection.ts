/**
 * A client's connection as its owner sees it.
 *
 * @module
 */

import { Channel, type CloseInfo } from "./channel.ts";
import type { ClientSocket } from "./dial.ts";
import {
  describeMessage,
  describeOperation,
  encodeLogin,
  encodeMessageRequest,
  encodeOperationRequest,
} from "./encode.ts";
import type { ErrorFrame } from "./errors.ts";
import { commonFeatures } from "./features.ts";
import type { Logger } from "./log.ts";
import { type Listener, Listeners } from "./message.ts";
import type { Json, JsonObject, WireMessage } from "./protocol.ts";
import {
  type MessageOptions,
  type RequestOptions,
  SentMessage,
  ServerMessage,
} from "./server_message.ts";
import { fromCaller } from "./stack.ts";

/**
 * A connection to a server. Any number of requests may be under way; their answers
 * come in any order.
 */
export interface Connection extends AsyncDisposable {
  /** Resolves when the connection has ended, whoever ended it; never rejects */
  readonly closed: Promise<CloseInfo>;

  /**
   * Calls a function with every message of the server that no name was asked for.
   *
   * @param listener What to call
   * @returns Removes the listener when disposed of
   */
  receive(listener: Listener<ServerMessage>): Disposable;
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
  receive(
    names: string | readonly string[],
    listener: Listener<ServerMessage>,
  ): Disposable;

  /**
   * Sends a message and waits until the listeners of the server are done.
   *
   * @param name The name of the message
   * @param data What the message carries along, an empty object if left out
   * @param options How long to wait, and what to do with the replies
   * @returns The message with the replies to it
   *
   * @throws {ResponseError} If a listener failed
   * @throws {ConnectionClosedError} If the connection ends before
   * @throws {TimeoutError} If it takes longer than `timeout`
   * @throws {TypeError} If the data is no object that JSON can hold
   */
  message(
    name: string,
    data?: JsonObject,
    options?: MessageOptions,
  ): Promise<SentMessage>;

  /**
   * Calls an operation of the server.
   *
   * @param name The name of the operation
   * @param data The arguments, an empty object if left out
   * @param options How long to wait
   * @returns The result
   *
   * @throws {ResponseError} If there is no such operation, or it failed
   * @throws {ConnectionClosedError} If the connection ends before
   * @throws {TimeoutError} If it takes longer than `timeout`
   * @throws {TypeError} If the data is no object that JSON can hold
   */
  operation(
    name: string,
    data?: JsonObject,
    options?: RequestOptions,
  ): Promise<Json>;

  /**
   * Says goodbye and closes the connection. What is under way rejects with a
   * `ConnectionClosedError`.
   *
   * @returns Resolves when the connection has ended; calling it again changes nothing
   */
  close(): Promise<void>;
}

/** A {@linkcode Connection} over a WebSocket. */
export class ClientConnection implements Connection {
  readonly closed: Promise<CloseInfo>;
  readonly #channel: Channel;
  readonly #listeners = new Listeners<ServerMessage>();
  readonly #logger: Pick<Logger, "warn" | "error">;
  /** What came before there could be a listener; none once there could. */
  #early: WireMessage[] | undefined = [];

  constructor(socket: ClientSocket, logger: Pick<Logger, "warn" | "error">) {
    this.#logger = logger;
    this.#channel = new Channel(socket, {
      onMessage: (wire) => this.#receive(wire),
      onInvalid: () =>
        this.#log("warn", "ignored a frame that is not of Hoist 1"),
    });
    this.closed = this.#channel.closed;
  }

  /** Logs in: protocol.md, "1. Login". */
  async logIn(
    token: string,
    version: string,
    signal: AbortSignal,
    maxBatch: number,
    toError: (frame: ErrorFrame) => Error,
  ): Promise<void> {
    const encode = () => encodeLogin(token, version);
    await this.#channel.request({
      subject: "the login",
      encode,
      signal,
      toError,
      onAnswer: (data) => {
        const features = Array.isArray(data?.features) ? data.features : [];
        const takesBatches = commonFeatures(features).has("batch");
        if (takesBatches) this.#channel.batch(maxBatch);
      },
    });
    // What the server sent along waits for the first listener, but not for ever.
    const timer = setTimeout(() => this.#open(), 0);
    this.closed.then(() => clearTimeout(timer));
  }

  /** Hands out what the server sent along with its answer to the login. */
  #open(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const wire of early) {
      // The listener to the one before may have closed the connection.
      if (!this.#channel.isClosed) this.#receive(wire);
    }
  }

  receive(
    names: string | readonly string[] | Listener<ServerMessage>,
    listener?: Listener<ServerMessage>,
  ): Disposable {
    // After all that are added together with this one.
    queueMicrotask(() => this.#open());
    return this.#listeners.add(names, listener);
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
    { signal, timeout }: RequestOptions = {},
  ): Promise<Json> {
    this.#open();
    const subject = describeOperation(name);
    const encode = (id: number) => encodeOperationRequest(id, name, data);
    const request = { subject, encode, signal, timeout };
    try {
      return (await this.#channel.request(request))?.result ?? null;
    } catch (error) {
      throw fromCaller(error, this.operation);
    }
  }

  close(): Promise<void> {
    return this.#channel.close();
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
    this.#open();
    const replies: ServerMessage[] = [];
    let messageId = 0;
    await this.#channel.request({
      subject: describeMessage(name),
      signal,
      timeout,
      encode: (id) => encodeMessageRequest(id, name, data, replying),
      onOpen: (id) => messageId = id,
      onReply: (wire) => {
        const reply = this.#toMessage(wire);
        replies.push(reply);
        if (onReply !== undefined) void this.#run(() => onReply(reply));
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

  #receive(wire: WireMessage): void {
    if (this.#early !== undefined) this.#early.push(wire);
    else void this.#dispatch(this.#toMessage(wire));
  }

  async #dispatch(message: ServerMessage): Promise<void> {
    await this.#listeners.dispatch(message, (error) => this.#report(error));
  }

  async #run(callback: () => unknown): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.#log("error", `a listener failed\n${describe(error)}`);
  }

  /** A logger that fails must not end the program, and nobody is left to be told. */
  #log(level: "warn" | "error", text: string): void {
    try {
      const result: unknown = this.#logger[level](`Hoist: ${text}`);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      return;
    }
  }
}

/** An error with its stack, in every runtime and whatever was thrown. */
function describe(error: unknown): string {
  try {
    return error instanceof Error
      ? error.stack ?? String(error)
      : String(error);
  } catch {
    return "what was thrown cannot be shown";
  }
}
