/**
 * Opening a connection: all that `connect` does.
 *
 * @module
 */

import { MAX_BATCH } from "./batch.ts";
import type { ConnectOptions } from "./client.ts";
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
import { limit } from "./timers.ts";
import { isVersion, VERSION } from "./version.ts";

const DEFAULT_URL = "http://localhost:5000";
const DEFAULT_TIMEOUT = 10_000;

/** Connects to a server and logs in; `connect` says what may go wrong. */
export async function openConnection(
  token: string,
  options: ConnectOptions,
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
    return await logIn(endpoints, token, signal, options);
  } finally {
    cancel();
  }
}

/** Opens the WebSocket and logs in: protocol.md, "1. Login". */
async function logIn(
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
      maxBatchOf(WebSocket),
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

/**
 * The most that a batch may hold, in bytes. Deno's own WebSocket writes a longer frame
 * in two steps, between which TCP waits some 40 ms for the other side.
 */
function maxBatchOf(implementation: WebSocketConstructor): number {
  const isOfDeno = "Deno" in globalThis &&
    implementation === globalThis.WebSocket;
  return isOfDeno ? MAX_DENO_FRAME : MAX_BATCH;
}

const MAX_DENO_FRAME = 1_024;

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
