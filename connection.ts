/**
 * A client's connection as its owner sees it.
 *
 * @module
 */

import type { Contract } from "./contract.ts";
import type {
  ArgumentsIn,
  DataAndOptions,
  DataIn,
  EntryIn,
  EventName,
  ItemIn,
  MessageName,
  OpenContract,
  OperationName,
  RequestNameIn,
  ResultIn,
  StreamName,
} from "./contract_types.ts";
import type { Listener } from "./message.ts";
import type {
  AnyEvent,
  MessageOptions,
  OperationOptions,
  ReceivedEvent,
  RequestOptions,
  SentEntry,
  ServerReply,
} from "./server_message.ts";
import type { CloseInfo, ConnectionState, StateListener } from "./status.ts";
import type { OperationStream, StreamOptions } from "./stream.ts";

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
   * @throws {ResponseError} If a listener failed, or the data does not fit its schema
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
   * @throws {ResponseError} If a listener failed, or the data does not fit its schema
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
