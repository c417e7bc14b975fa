/**
 * A client's connection as its owner sees it.
 *
 * @module
 */

import type { Listener } from "./message.ts";
import type { Json, JsonObject } from "./protocol.ts";
import type {
  MessageOptions,
  OperationOptions,
  SentMessage,
  ServerMessage,
} from "./server_message.ts";
import type { CloseInfo, ConnectionState, StateListener } from "./status.ts";

/**
 * A connection to a server. Any number of requests may be under way; their answers
 * come in any order.
 */
export interface Connection extends AsyncDisposable {
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
   * Sends a message and waits until the listeners of the server are done. It is sent
   * at most once: if the connection ends before the answer came, the server may or may
   * not have seen it.
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
   * @throws {RangeError} If it is longer than the server allows; nothing is sent then
   */
  message(
    name: string,
    data?: JsonObject,
    options?: MessageOptions,
  ): Promise<SentMessage>;

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
   * @throws {ResponseError} If there is no such operation, or it failed
   * @throws {ConnectionClosedError} If the connection ends before
   * @throws {TimeoutError} If it takes longer than `timeout`
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {RangeError} If it is longer than the server allows; nothing is sent then
   */
  operation(
    name: string,
    data?: JsonObject,
    options?: OperationOptions,
  ): Promise<Json>;

  /**
   * Says goodbye and closes the connection, which does not come back. What is under
   * way and what waits rejects with a `ConnectionClosedError`.
   *
   * @returns Resolves when the connection has ended; calling it again changes nothing
   */
  close(): Promise<void>;
}
