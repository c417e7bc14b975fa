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
  type CloseInfo,
  connect,
  type Connection,
  type ConnectionState,
  type ConnectionStatus,
  type ConnectOptions,
  type Contract,
  type ContractDescription,
  type DataSchema,
  defineContract,
  type InputOf,
  type MessageDescription,
  type MessageOptions,
  type MessageSchemas,
  type OpenContract,
  type OperationDescription,
  type OperationOptions,
  type OperationSchemas,
  type OperationStream,
  type OutputOf,
  type ReconnectOptions,
  type RequestOptions,
  type Schema,
  type SchemaProperties,
  type SchemaResult,
  SentMessage,
  ServerMessage,
  type StateListener,
  type StreamOptions,
  type WebSocketConstructor,
} from "./client.ts";
export {
  type Client,
  ClientMessage,
  type OperationContext,
} from "./client_message.ts";
export type {
  DecisionOf,
  IdentityOf,
  Login,
  LoginContext,
  LoginDecision,
} from "./auth.ts";
export type { BroadcastResult } from "./broadcasts.ts";
export type {
  BuiltinGetOptions,
  BuiltinReadOptions,
  Builtins,
} from "./builtins.ts";
export type {
  NamedToken,
  TokenDecision,
  TokenIdentity,
} from "./credentials.ts";
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
export type { Handler, RequestInfo } from "./http.ts";
export type { SchemaIssue } from "./issue.ts";
export type { Limits } from "./limits.ts";
export { debug, type DebugOptions, type Logger, type LogLevel } from "./log.ts";
export { main } from "./main.ts";
export { type Listener, Message } from "./message.ts";
export type { OperationHandler } from "./operation.ts";
export type {
  CloseOptions,
  ListenOptions,
  RotateOptions,
  ServerOptions,
} from "./options.ts";
export type { Json, JsonObject, WireMessage } from "./protocol.ts";
export { serve, type ServeOptions, start } from "./serve.ts";
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
