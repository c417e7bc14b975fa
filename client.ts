/**
 * The client, for Deno, browsers, Node and Bun: it uses web standards only.
 *
 * @example
 * ```ts
 * import { serve } from "@hoist/cli";
 * import { connect } from "@hoist/cli/client";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.operation("add", ({ a, b }) => Number(a) + Number(b));
 *
 * await using connection = await connect("test", { url: server.url });
 * assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
 * ```
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { Contract } from "./contract.ts";
import type { OpenContract } from "./contract_types.ts";
import type { WebSocketConstructor } from "./dial.ts";
import type { Logger } from "./log.ts";
import type { ReconnectOptions } from "./reconnect.ts";
import { fromCaller } from "./stack.ts";

export type { Connection } from "./connection.ts";
export {
  type Contract,
  type DataSchema,
  defineContract,
  type MessageSchemas,
  type OperationSchemas,
} from "./contract.ts";
export type {
  ContractDescription,
  MessageDescription,
  OperationDescription,
} from "./contract_description.ts";
export type { OpenContract } from "./contract_types.ts";
export type { ClientSocket, WebSocketConstructor } from "./dial.ts";
export {
  CloseCode,
  ConnectError,
  ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
  FeatureError,
  HoistError,
  type Issue,
  LoginError,
  NoReplyError,
  ResponseError,
  TimeoutError,
  ValidationError,
  VersionError,
} from "./errors.ts";
export type { Feature } from "./features.ts";
export type { SchemaIssue } from "./issue.ts";
export type { Logger } from "./log.ts";
export { type Listener, Message } from "./message.ts";
export type { Json, JsonObject, WireMessage } from "./protocol.ts";
export type { ReconnectOptions } from "./reconnect.ts";
export type {
  InputOf,
  OutputOf,
  Schema,
  SchemaProperties,
  SchemaResult,
} from "./schema.ts";
export {
  type MessageOptions,
  type OperationOptions,
  type RequestOptions,
  SentMessage,
  ServerMessage,
} from "./server_message.ts";
export type {
  CloseInfo,
  ConnectionState,
  ConnectionStatus,
  StateListener,
} from "./status.ts";
export type { OperationStream, StreamOptions } from "./stream.ts";

/** Options of {@linkcode connect}; `Of` is the contract */
export interface ConnectOptions<Of extends Contract = OpenContract> {
  /**
   * The URL of the server, with `http:`, `https:`, `ws:` or `wss:`. If the server is
   * mounted below a path, the URL ends with that path.
   *
   * @default {"http://localhost:5000"}
   */
  readonly url?: string | URL | undefined;
  /**
   * The lowest version that the server may have, such as `1.2.3`. Any if left out.
   */
  readonly minimumVersion?: string | undefined;
  /**
   * Gives up connecting for the first time when aborted. It does not close the
   * connection later, nor keep it from coming back.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long connecting and logging in may take, each time anew, in milliseconds from
   * 0 to 2,147,483,647; `Infinity` for no limit.
   *
   * @default {10_000}
   */
  readonly timeout?: number | undefined;
  /**
   * Whether, and how, the connection comes back when it was lost. It does not after
   * `close()`, after a login that was refused for the token or the version, and after
   * a close code that a program chose (1000, and 3000 to 4999); what `connect` throws
   * the first time, it throws with this option as well.
   *
   * Listeners stay. What is under way when the connection is lost rejects with a
   * `ConnectionClosedError`, unless it is an operation called with `idempotent`.
   *
   * @default {false}
   */
  readonly reconnect?: boolean | ReconnectOptions | undefined;
  /**
   * What both sides have agreed on, see `defineContract`: the names and types of all
   * that this side sends and gets.
   */
  readonly contract?: Of | undefined;
  /**
   * Whether what the server sends is held against the contract as well. A message that
   * does not fit is not handed to listeners; a reply, a result or an item that does not
   * rejects with a `ValidationError`. What a schema turns it into does not count here.
   *
   * @default {"none"}
   */
  readonly validate?: "none" | "all" | undefined;
  /**
   * The class to make the WebSocket with: that of `npm:ws`, say, where there is none.
   *
   * @default {globalThis.WebSocket}
   */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /**
   * Is told what a listener or an `onReply` throws.
   *
   * @default {console}
   */
  readonly logger?: Pick<Logger, "warn" | "error"> | undefined;
}

/**
 * Connects to a server and logs in.
 *
 * @param token The token of the server
 * @param options Where the server is, and how long to wait for it
 * @returns The connection, which an `await using` block closes at its end
 *
 * @throws {ConnectError} If nothing answers at the URL or it is no Hoist server
 * @throws {LoginError} If the server refuses the token
 * @throws {VersionError} If the server is older than `minimumVersion`, or this client
 * older than the server allows
 * @throws {TimeoutError} If it takes longer than `timeout`
 * @throws {TypeError} If the URL, `minimumVersion` or `contract` makes no sense
 * @throws {RangeError} If `timeout` or an option of `reconnect` is out of its range
 *
 * @example
 * ```ts
 * import { connect, serve } from "@hoist/cli";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * await using connection = await connect("test", { url: server.url });
 * connection.receive("news", (message) => console.log(message.data));
 * await connection.message("hello", { name: "Ada" });
 * ```
 */
export async function connect<Of extends Contract = OpenContract>(
  token: string,
  options: ConnectOptions<Of> = {},
): Promise<Connection<Of>> {
  try {
    // A server imports this module, too, and never needs what is behind it.
    const { openConnection } = await import("./open.ts");
    const connection: unknown = await openConnection(token, options);
    return connection as Connection<Of>;
  } catch (error) {
    throw fromCaller(error, connect);
  }
}
