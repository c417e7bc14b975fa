/**
 * Client and server that exchange named messages over a WebSocket, protected by a
 * token, for Deno: the Hoist 1 protocol of the Python package Hoist.
 *
 * A server and a client, here in one program:
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
 * const sent = await connection.message("hello", { name: "Ada" });
 * assert.equal(sent.replies[0]?.data.text, "welcome, Ada");
 * ```
 *
 * Run as a program, this module is the command line: `deno run -N jsr:@hoist/cli`.
 *
 * @module
 */

export {
  type ClientSocket,
  type WebSocketConstructor,
} from "./client/handshake.ts";
export { type CloseInfo } from "./protocol/close.ts";
export { connect } from "./client.ts";
export { type Connection } from "./client/connection.ts";
export {
  type ConnectionState,
  type ConnectionStatus,
  type StateListener,
} from "./client/status.ts";
export { type ConnectOptions } from "./client/connect.ts";
export {
  type Contract,
  type ContractDescription,
  type DataSchema,
  type MessageDescription,
  type MessageSchemas,
  type OperationDescription,
  type OperationSchemas,
} from "./contract/contract.ts";
export { defineContract } from "./contract/define.ts";
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
export { type OpenContract } from "./contract/infer.ts";
export { type OperationStream, type StreamOptions } from "./client/stream.ts";
export { type ReconnectOptions } from "./client/reconnect_policy.ts";
export { type RequestOptions } from "./common/async.ts";
export {
  type Client,
  ClientMessage,
  type OperationContext,
} from "./server/message.ts";
export {
  type DecisionOf,
  type IdentityOf,
  type Login,
  type LoginContext,
  type LoginDecision,
} from "./auth.ts";
export { type BroadcastResult } from "./server/broadcaster.ts";
export {
  type NamedToken,
  type TokenDecision,
  type TokenIdentity,
} from "./server/credentials.ts";
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
export { type Handler, type RequestInfo } from "./server/http.ts";
export { type SchemaIssue } from "./common/issues.ts";
export { type Limits } from "./server/limits.ts";
export { debug, type DebugOptions } from "./server/log.ts";
export { type Logger, type LogLevel } from "./common/logger.ts";
export { main } from "./cli/program.ts";
export { type Listener } from "./common/listeners.ts";
export { Message } from "./protocol/message.ts";
export { type OperationHandler } from "./server/message.ts";
export {
  type CloseOptions,
  type ListenOptions,
  type RotateOptions,
  type ServerOptions,
} from "./server/options.ts";
export { type Json, type JsonObject } from "./common/json.ts";
export { type WireMessage } from "./protocol/message.ts";
export { serve, type ServeOptions, start } from "./server.ts";
export { Server } from "./server.ts";
export { generateToken, type GenerateTokenOptions } from "./token.ts";
export { VERSION } from "./version.ts";
if (import.meta.main) {
  // Programs that import the library never load the command line.
  const { runCommandLine } = await import("./cli.ts");
  // Deno keeps the timer of a WebSocket whose last frame crossed our Close frame, and
  // with it the program, for 15 seconds more.
  Deno.exit(await runCommandLine());
}
