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

import { ClientConnection, type Connection } from "./connection.ts";
import {
  acknowledge,
  type Endpoints,
  endpointsOf,
  openSocket,
  refusal,
  type WebSocketConstructor,
} from "./dial.ts";
import { ConnectError, ConnectionClosedError, TimeoutError } from "./errors.ts";
import type { Logger } from "./log.ts";
import { fromCaller } from "./stack.ts";
import { limit } from "./timers.ts";
import { isVersion, VERSION } from "./version.ts";

export type { CloseInfo } from "./channel.ts";
export type { Connection } from "./connection.ts";
export type { ClientSocket, WebSocketConstructor } from "./dial.ts";
export {
  CloseCode,
  ConnectError,
  ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
  HoistError,
  LoginError,
  ResponseError,
  TimeoutError,
  VersionError,
} from "./errors.ts";
export type { Logger } from "./log.ts";
export { type Listener, Message } from "./message.ts";
export type { Json, JsonObject, WireMessage } from "./protocol.ts";
export {
  type MessageOptions,
  type RequestOptions,
  SentMessage,
  ServerMessage,
} from "./server_message.ts";

const DEFAULT_URL = "http://localhost:5000";
const DEFAULT_TIMEOUT = 10_000;

/** Options of {@linkcode connect} */
export interface ConnectOptions {
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
  /** Gives up connecting when aborted. It does not close the connection later. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long connecting and logging in may take, in milliseconds from 0 to
   * 2,147,483,647; `Infinity` for no limit.
   *
   * @default {10_000}
   */
  readonly timeout?: number | undefined;
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
 * @throws {TypeError} If the URL or `minimumVersion` makes no sense
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
export async function connect(
  token: string,
  options: ConnectOptions = {},
): Promise<Connection> {
  const { minimumVersion, timeout = DEFAULT_TIMEOUT } = options;
  const endpoints = endpointsOf(options.url ?? DEFAULT_URL);
  assertVersion(minimumVersion);
  assertToken(token);
  const { signal, cancel } = limit(
    options.signal,
    timeout,
    () =>
      new TimeoutError(
        `Cannot connect to ${endpoints.base}: no answer within ${timeout} ms; check the URL or raise 'timeout'`,
      ),
  );
  try {
    signal.throwIfAborted();
    await acknowledge(endpoints, minimumVersion, signal);
    return await open(endpoints, token, signal, options);
  } catch (error) {
    throw fromCaller(error, connect);
  } finally {
    cancel();
  }
}

/** Opens the WebSocket and logs in: protocol.md, "1. Login". */
async function open(
  endpoints: Endpoints,
  token: string,
  signal: AbortSignal,
  options: ConnectOptions,
): Promise<Connection> {
  const { WebSocket = globalThis.WebSocket, logger = console } = options;
  assertImplementation(WebSocket);
  const socket = await openSocket(endpoints, WebSocket, signal);
  const connection = new ClientConnection(socket, logger);
  try {
    await connection.logIn(
      token,
      VERSION,
      signal,
      (frame) => refusal(endpoints.base, frame),
    );
    return connection;
  } catch (error) {
    socket.close();
    throw error instanceof ConnectionClosedError
      ? lost(endpoints.base, error)
      : error;
  }
}

function lost(
  base: string,
  { code, reason }: ConnectionClosedError,
): ConnectError {
  const detail = reason === "" ? "" : `, ${JSON.stringify(reason)}`;
  return new ConnectError(
    `Cannot connect to ${base}: the server closed the connection (${code}${detail}) before it answered the login; look at its log`,
  );
}

function assertVersion(minimumVersion: string | undefined): void {
  if (minimumVersion === undefined || isVersion(minimumVersion)) return;
  throw new TypeError(
    `Cannot connect as 'minimumVersion' must be a version such as "1.2.3": current value is ${
      JSON.stringify(minimumVersion)
    }`,
  );
}

function assertToken(token: string): void {
  if (typeof token === "string" && token !== "") return;
  throw new TypeError(
    "Cannot connect as the token must be a text of at least one character: pass the one of the server",
  );
}

function assertImplementation(implementation: unknown): void {
  if (typeof implementation === "function") return;
  throw new TypeError(
    "Cannot connect as this runtime has no WebSocket: pass one in the option 'WebSocket', as that of npm:ws",
  );
}
