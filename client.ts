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

import { ConnectOptions } from "./client/connect.ts";
import { type Connection } from "./client/connection.ts";
import { withCallerStack } from "./common/errors.ts";
import { type Contract } from "./contract/contract.ts";
import { type OpenContract } from "./contract/infer.ts";
export { type ConnectOptions } from "./client/connect.ts";
export { type Connection } from "./client/connection.ts";
export {
  type Contract,
  type DataSchema,
  type MessageSchemas,
  type OperationSchemas,
} from "./contract/contract.ts";
export { defineContract } from "./contract/define.ts";
export {
  type ContractDescription,
  type MessageDescription,
  type OperationDescription,
} from "./contract/contract.ts";
export { type OpenContract } from "./contract/infer.ts";
export {
  type ClientSocket,
  type WebSocketConstructor,
} from "./client/handshake.ts";
export {
  CloseCode,
  ConnectError,
  ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
  FeatureError,
  HoistError,
  LoginError,
  NoReplyError,
  ResponseError,
  TimeoutError,
  ValidationError,
  VersionError,
} from "./common/errors.ts";
export { type Issue } from "./common/issues.ts";
export { type Feature } from "./protocol/features.ts";
export { type SchemaIssue } from "./common/issues.ts";
export { type Logger } from "./common/logger.ts";
export { type Listener } from "./common/listeners.ts";
export { Message } from "./protocol/message.ts";
export { type Json, type JsonObject } from "./common/json.ts";
export { type WireMessage } from "./protocol/message.ts";
export { type ReconnectOptions } from "./client/reconnect_policy.ts";
export {
  type InputOf,
  type OutputOf,
  type Schema,
  type SchemaProperties,
  type SchemaResult,
} from "./contract/schema.ts";
export {
  type MessageOptions,
  type OperationOptions,
  SentMessage,
  ServerMessage,
} from "./client/message.ts";
export { type RequestOptions } from "./common/async.ts";
export { type CloseInfo } from "./protocol/close.ts";
export {
  type ConnectionState,
  type ConnectionStatus,
  type StateListener,
} from "./client/status.ts";
export { type OperationStream, type StreamOptions } from "./client/stream.ts";
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
    const { openConnection } = await import("./client/connect.ts");
    const connection: unknown = await openConnection(token, options);
    return connection as Connection<Of>;
  } catch (error) {
    throw withCallerStack(error, connect);
  }
}
