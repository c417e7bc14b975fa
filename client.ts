/**
 * The client for Deno, browsers, Node and Bun. It needs web standards only.
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

import type { ConnectOptions } from "./client/options.ts";
import type { Connection } from "./client/connection.ts";
import type { TokenFunction } from "./client/token_source.ts";
import { openConnection, startConnection } from "./client/create_connection.ts";
import { withCallerStack } from "./common/ignorable.ts";
import type { Contract } from "./contract/contract.ts";
import type { OpenContract } from "./contract/infer.ts";

export * from "./contract/mod.ts";
export type { OperationOptions, StreamOptions } from "./client/call_options.ts";
export type { FetchFunction, FetchInit } from "./client/http_target.ts";
export type { ConnectOptions } from "./client/options.ts";
export type { ClientLogger } from "./client/log.ts";
export type { Connection } from "./client/connection.ts";
export type {
  ClientSocket,
  WebSocketConstructor,
} from "./client/client_socket.ts";
export {
  type MessageOptions,
  SentMessage,
  ServerMessage,
} from "./client/message.ts";
export type { Callback } from "./client/callbacks.ts";
export type { ClientRoom } from "./client/room.ts";
export type { MembersChange, RoomMember } from "./client/room_members.ts";
export { RoomMessage, type RoomMessageSource } from "./client/room_message.ts";
export type {
  JoinOptions,
  JoinResult,
  PublishOptions,
  PublishResult,
  RoomEnd,
  RoomEndReason,
  RoomGap,
} from "./client/room_options.ts";
export type { HeartbeatOptions } from "./client/heartbeat.ts";
export type { ReconnectOptions } from "./client/reconnect_policy.ts";
export type {
  ConnectionState,
  ConnectionStatus,
  StateListener,
} from "./client/status.ts";
export type { OperationStream } from "./client/stream.ts";
export type { TokenContext, TokenFunction } from "./client/token_source.ts";
export type { RequestOptions } from "./common/request_options.ts";
export {
  BufferFullError,
  CloseCode,
  ConnectError,
  ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
  FeatureError,
  HoistError,
  LoginError,
  NoReplyError,
  PublishError,
  type PublishOutcome,
  ResponseError,
  TimeoutError,
  ValidationError,
  VersionError,
} from "./common/errors.ts";
export { debug, type DebugOptions } from "./common/debug.ts";
export type { Listener } from "./common/listeners.ts";
export type { Logger } from "./common/log_format.ts";
export type { CloseInfo } from "./protocol/close.ts";
export type { Feature } from "./protocol/features.ts";
export { Message, type WireMessage } from "./protocol/message.ts";
export type { GapReason, LeftReason } from "./protocol/room_fields.ts";

/**
 * Connects to a server and logs in.
 *
 * @param token The token of the server, or a function that returns it for each login
 * @param options Optional. The URL of the server, the timeout, reconnecting and the contract
 * @returns The connection. An `await using` block closes it at its end
 *
 * @throws {ConnectError} If no server answers at the URL, it is not a Hoist server, or the
 * token function throws an error
 * @throws {LoginError} If the server rejects the token, and the token that the function
 * returns then, or if the function throws one
 * @throws {VersionError} If the server is older than `minimumVersion`, or the client is
 * older than the server allows
 * @throws {TimeoutError} If the server or the token function does not answer within
 * `timeout`
 * @throws {TypeError} If an option is unknown or invalid
 * @throws {RangeError} If `timeout`, a limit or an option of `reconnect` is out of range
 *
 * @example
 * ```ts
 * import { connect, serve } from "@hoist/cli";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * await using connection = await connect("test", { url: server.url });
 * connection.receive("news", (message) => {
 *   console.log(message.data);
 * });
 * await connection.message("hello", { name: "Ada" });
 * ```
 */
export function connect<Of extends Contract = OpenContract>(
  token: string | TokenFunction,
  options: ConnectOptions<Of> = {},
): Promise<Connection<Of>> {
  const connection: Promise<unknown> = openConnection(token, options);
  return withCallerStack(connection as Promise<Connection<Of>>);
}

/**
 * Creates a connection to a server, and returns it before it is open. The client tries to
 * connect until it succeeds, also if the server starts later than the client.
 *
 * Requests made before the first login wait in a queue, see `maxQueue` and `maxBuffered`. If
 * the server rejects the token or the version, the connection ends: its state is `closed`,
 * and the `error` of `closed` says why.
 *
 * @param token The token of the server, or a function that returns it for each login
 * @param options Optional, as for {@linkcode connect}. `reconnect` is `true` by default, and
 * `reconnect.maxQueue` is 1,000
 * @returns The connection. An `await using` block closes it at its end
 *
 * @throws {TypeError} If an option is unknown or invalid
 * @throws {RangeError} If `timeout`, a limit or an option of `reconnect` is out of range
 *
 * @example
 * ```ts
 * import { createConnection, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.operation("add", ({ a, b }) => Number(a) + Number(b));
 *
 * await using connection = createConnection("test", { url: server.url });
 * assert.equal(connection.state, "connecting");
 * assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
 * ```
 */
export function createConnection<Of extends Contract = OpenContract>(
  token: string | TokenFunction,
  options: ConnectOptions<Of> = {},
): Connection<Of> {
  const connection: unknown = startConnection(token, options);
  return connection as Connection<Of>;
}
