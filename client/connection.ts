/**
 * A connection to a server, as the application uses it.
 *
 * @module
 */

import { ignorable } from "../common/ignorable.ts";
import type { JsonObject } from "../common/json.ts";
import type { Listener } from "../common/listeners.ts";
import type { Contract } from "../contract/contract.ts";
import type {
  EventName,
  MessageName,
  OpenContract,
  OperationName,
  RequestNameIn,
  StreamName,
} from "../contract/infer.ts";
import type { ClaimsOf, RoomNameOf } from "../contract/infer_rooms.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { StreamOptions } from "./call_options.ts";
import type {
  ItemOf,
  OperationArguments,
  ReplyOf,
  RequestArguments,
  ResultOf,
  StreamArguments,
} from "./call_types.ts";
import type { ConnectionParts } from "./connection_parts.ts";
import type {
  AnyEvent,
  MessageArguments,
  ReceivedEvent,
  SentMessageOf,
  ServerMessage,
} from "./message.ts";
import { sendRequest } from "./requests.ts";
import type { ClientRoom } from "./room.ts";
import type { JoinOptions } from "./room_options.ts";
import type { ConnectionState, StateListener } from "./status.ts";
import type { OperationStream } from "./stream.ts";

/** The result of an implementation, whose overload has the type */
type Result = Promise<unknown>;

/**
 * A connection to a server, created by `connect` or `createConnection`. Any number of
 * requests can be in progress at the same time. `Of` is the type of the contract.
 *
 * A request is anything that the client sends and the server answers: a message, a request
 * or an operation call.
 */
export class Connection<Of extends Contract = OpenContract>
  implements AsyncDisposable {
  /**
   * Resolves at the first login. It rejects if the connection ends before, and nothing has
   * to handle that. After `connect`, it has already resolved.
   */
  readonly opened: Promise<void>;
  /** Resolves when the connection has ended and does not reconnect; never rejects */
  readonly closed: Promise<CloseInfo>;
  /** The URL of the server, without a user name, a password and a query */
  readonly url: string;
  readonly #parts: ConnectionParts;

  /** @ignore Applications call `connect` or `createConnection`. */
  private constructor(parts: ConnectionParts, opened: Promise<void>) {
    this.opened = opened;
    this.closed = parts.link.closed;
    this.url = parts.url;
    this.#parts = parts;
  }

  /** @ignore Applications call `connect` or `createConnection`. */
  static create(parts: ConnectionParts, opened: Promise<void>): Connection {
    return new Connection(parts, opened);
  }

  /** The current state. Without reconnecting, it is never `waiting`. */
  get state(): ConnectionState {
    return this.#parts.status.state;
  }

  /**
   * Calls a listener with the current state before it returns, and then whenever the state
   * changes.
   *
   * @param listener The listener. Errors that it throws are logged
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the listener
   *
   * @throws {TypeError} If the listener is not a function
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * await using connection = await connect("test", { url: server.url, reconnect: true });
   * connection.onState((status) => {
   *   if (status.state === "waiting") {
   *     console.log(`lost (${status.close.code}), reconnecting in ${status.delay} ms`);
   *   }
   * });
   * ```
   */
  onState(listener: StateListener): Disposable {
    return this.#parts.status.listen(listener);
  }

  /**
   * Calls a listener with every message of the server.
   *
   * @param listener The listener
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the listener
   */
  receive(listener: Listener<AnyEvent<Of>>): Disposable;
  /**
   * Calls a listener with each message of a name: events to this client, broadcasts and
   * replies.
   *
   * @param names The name, or an array of names
   * @param listener The listener. Errors that it throws are logged
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the listener
   *
   * @throws {TypeError} If a name is not in the contract, or an argument is invalid
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * await using connection = await connect("test", { url: server.url });
   * connection.receive("news", (message) => {
   *   console.log(message.data.title);
   * });
   * await server.broadcast("news", { title: "Hello" });
   * ```
   */
  receive<Name extends EventName<Of>>(
    names: Name | readonly Name[],
    listener: Listener<ReceivedEvent<Of, Name>>,
  ): Disposable;
  receive(
    names: string | readonly string[] | Listener<never>,
    listener?: Listener<never>,
  ): Disposable {
    type Any = Listener<ServerMessage>;
    return this.#parts.dispatcher.add(names as string | Any, listener as Any);
  }

  /**
   * Sends a message and waits until the listeners of the server have finished. The client
   * never sends a message twice. If the connection ends before the response arrives, it is
   * unknown whether the server received the message. No request has to be awaited.
   *
   * Without a contract:
   * `message(name: string, data?: JsonObject, options?: MessageOptions)`.
   *
   * @param name The name of the message
   * @param dataAndOptions The data (by default an empty object) and the options
   * @returns The message with the replies to it
   *
   * @throws {ResponseError} If a listener failed, or the data does not match its schema
   * @throws {ValidationError} If `validate` is set and a reply does not match the contract
   * @throws {ConnectionClosedError} If the connection ends before the response arrives
   * @throws {TimeoutError} If no response arrives within `timeout`
   * @throws {BufferFullError} If too much data waits in the client: `maxBuffered`
   * @throws {TypeError} If the data is not a JSON object, or an option is unknown
   * @throws {RangeError} If the data is larger than the server accepts. Nothing is sent
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
   * const { replies } = await connection.message("hello", { name: "Ada" });
   * assert.equal(replies[0]?.data.text, "welcome, Ada");
   * ```
   */
  message<Name extends MessageName<Of>>(
    name: Name,
    ...dataAndOptions: MessageArguments<Of, Name>
  ): Promise<SentMessageOf<Of, Name>>;
  message(name: string, data?: unknown, options?: unknown): Result {
    return sendRequest(this.#parts, "message", name, data, options);
  }

  /**
   * Sends a message and waits for the first reply to it. Like any message, it is never
   * sent twice.
   *
   * Without a contract:
   * `request(name: string, data?: JsonObject, options?: RequestOptions)`.
   *
   * @param name The name of the message
   * @param dataAndOptions The data (by default an empty object) and the options
   * @returns The reply
   *
   * @throws {NoReplyError} If all listeners of the server finished, and none of them replied
   * @throws {ResponseError} If a listener failed, or the data does not match its schema
   * @throws {ValidationError} If `validate` is set and the reply does not match the contract
   * @throws {ConnectionClosedError} If the connection ends before the reply arrives
   * @throws {TimeoutError} If no reply arrives within `timeout`
   * @throws {BufferFullError} If too much data waits in the client: `maxBuffered`
   * @throws {TypeError} If the data is not a JSON object, or an option is unknown
   * @throws {RangeError} If the data is larger than the server accepts. Nothing is sent
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
    ...dataAndOptions: RequestArguments<Of, Name>
  ): Promise<ReplyOf<Of, Name>>;
  request(name: string, data?: unknown, options?: unknown): Result {
    return sendRequest(this.#parts, "request", name, data, options);
  }

  /**
   * Calls an operation of the server. The client never calls it twice, unless the option
   * `idempotent` is set. If the connection ends before the result arrives, it is unknown
   * whether the server ran the operation.
   *
   * Without a contract:
   * `operation(name: string, data?: JsonObject, options?: OperationOptions)`.
   *
   * @param name The name of the operation
   * @param dataAndOptions The arguments (by default an empty object) and the options
   * @returns The result
   *
   * @throws {ResponseError} If the operation does not exist or failed, or the arguments do not
   * match their schema
   * @throws {ValidationError} If `validate` is set and the result does not match the contract
   * @throws {ConnectionClosedError} If the connection ends before the result arrives
   * @throws {TimeoutError} If no result arrives within `timeout`
   * @throws {BufferFullError} If too much data waits in the client: `maxBuffered`
   * @throws {TypeError} If the arguments are not a JSON object, or an option is unknown
   * @throws {RangeError} If the arguments are larger than the server accepts. Nothing is sent
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.operation("add", ({ a, b }) => Number(a) + Number(b));
   *
   * await using connection = await connect("test", { url: server.url });
   * const sum = await connection.operation("add", { a: 1, b: 2 }, { timeout: 5_000 });
   * assert.equal(sum, 3);
   * ```
   */
  operation<Name extends OperationName<Of>>(
    name: Name,
    ...dataAndOptions: OperationArguments<Of, Name>
  ): Promise<ResultOf<Of, Name>>;
  operation(name: string, data?: unknown, options?: unknown): Result {
    return sendRequest(this.#parts, "operation", name, data, options);
  }

  /**
   * Calls an operation of the server that returns a stream. The call starts when the
   * first item is requested. The server makes at most `buffer` items more than this side
   * has consumed.
   *
   * Without a contract:
   * `stream(name: string, data?: JsonObject, options?: StreamOptions)`.
   *
   * @param name The name of the operation
   * @param dataAndOptions The arguments (by default an empty object) and the options
   * @returns The items, for `for await`. The loop throws if the stream fails
   *
   * @throws {TypeError} If the arguments are not a JSON object, an option is unknown, or the
   * client does not reconnect and `resume` is set
   * @throws {RangeError} If `buffer` is out of range
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
    ...dataAndOptions: StreamArguments<Of, Name>
  ): OperationStream<ItemOf<Of, Name>>;
  stream(
    name: string,
    data?: unknown,
    options?: unknown,
  ): OperationStream<unknown> {
    this.#parts.dispatcher.open();
    return this.#parts.requests.stream(
      name,
      data as JsonObject,
      options as StreamOptions,
    );
  }

  /**
   * Returns a room, see {@linkcode ClientRoom}. Register its listeners, and then call its `join`.
   *
   * @param name The name of the room, 1 to 200 bytes of UTF-8
   * @returns The room. All callers that use the same room get the same object
   *
   * @throws {TypeError} If the name is not a string, or the contract does not have the room
   * @throws {RangeError} If the name is empty or too long
   */
  room<Name extends RoomNameOf<Of>>(name: Name): ClientRoom<Of, Name>;
  room(name: string): object {
    return this.#parts.rooms.room(name);
  }

  /**
   * Joins a room. The room that it returns keeps the messages and gaps that arrive before its
   * first listener is registered, up to `maxBuffered`. `leave` removes its listeners. With
   * `since`, messages are missing only if `onGap` is called. {@linkcode Connection.room} and
   * {@linkcode ClientRoom.join} also return how many messages follow.
   *
   * @param name The name of the room, 1 to 200 bytes of UTF-8
   * @param options Optional. As for {@linkcode ClientRoom.join}, which has the errors
   * @returns The room. An `await using` block leaves it at its end
   */
  join<Name extends RoomNameOf<Of>>(
    name: Name,
    options?: JoinOptions<ClaimsOf<Of, Name>>,
  ): Promise<ClientRoom<Of, Name>>;
  join(name: string, options?: unknown): Result {
    return ignorable(this.#parts.rooms.join(name, options as JoinOptions));
  }

  /**
   * Gives up the current WebSocket without a goodbye, and connects again at once. It also ends
   * the wait for the next attempt, and replaces an attempt that is in progress. Requests in
   * progress reject, as when the connection is lost. The attempts count from the start.
   *
   * @throws {TypeError} If the client does not reconnect: see the option `reconnect`
   * @throws {ConnectionClosedError} If the connection is closed
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * await using connection = await connect("test", { url: server.url, reconnect: true });
   * connection.reconnect();
   * console.log(connection.state); // connecting
   * ```
   */
  reconnect(): void {
    this.#parts.link.reconnect();
  }

  /**
   * Closes the connection, which does not reconnect. All requests in progress reject with
   * a `ConnectionClosedError`.
   *
   * @returns Resolves when the connection has ended. Further calls have no effect
   */
  close(): Promise<void> {
    this.#parts.status.isClosedHere = true;
    return this.#parts.link.close();
  }

  /** Closes the connection at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
