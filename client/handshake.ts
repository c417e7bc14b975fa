/**
 * The handshake with a server: `GET /hoist/ack`, the WebSocket upgrade, and the errors of
 * a connection attempt.
 *
 * @module
 */

import { aborted } from "../common/async.ts";
import { invalidType } from "../common/check.ts";
import {
  ConnectError,
  type ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
  type HoistError,
  LoginError,
  TimeoutError,
  VersionError,
} from "../common/errors.ts";
import { isJsonObject } from "../common/json.ts";
import type { RequestEncoder } from "../protocol/encode.ts";
import { SUBPROTOCOL } from "../protocol/features.ts";
import { parseFrame } from "../protocol/message.ts";
import { isVersion, meetsMinimum, VERSION } from "../version.ts";

/** The part of a WebSocket that a connection needs */
export interface ClientSocket {
  /** 0 (connecting), 1 (open), 2 (closing) or 3 (closed) */
  readonly readyState: number;
  /** Sends a text frame. */
  send(data: string): void;
  /** Sends a Close frame. */
  close(code?: number, reason?: string): void;
  /** Adds a listener that is called when the socket has opened. */
  addEventListener(type: "open", listener: () => void): void;
  /** Adds a listener that is called with each error. */
  addEventListener(type: "error", listener: (event: unknown) => void): void;
  /** Adds a listener that is called with each frame. */
  addEventListener(
    type: "message",
    listener: (event: { readonly data: unknown }) => void,
  ): void;
  /** Adds a listener that is called when the socket has closed. */
  addEventListener(
    type: "close",
    listener: (
      event: { readonly code: number; readonly reason: string },
    ) => void,
  ): void;
}

/** Constructs a WebSocket, like the class of that name */
export type WebSocketConstructor = new (
  url: string,
  protocols?: string,
) => ClientSocket;

/** The URLs of a server */
export interface Endpoints {
  /** The URL as the application wrote it, for error messages */
  readonly base: string;
  readonly ack: URL;
  readonly socket: URL;
}

/** What each attempt to connect needs */
export interface Target {
  readonly endpoints: Endpoints;
  readonly minimumVersion: string | undefined;
  /** The timeout of one attempt, in milliseconds */
  readonly timeout: number;
  readonly WebSocket: WebSocketConstructor;
  /** Encodes the login */
  readonly encodeLogin: RequestEncoder;
  /** The maximum length of a batch, in bytes */
  readonly maxBatch: number;
}

/** Returns the URLs that belong to the URL of a server. */
export function endpointsOf(url: string | URL): Endpoints {
  const base = parseUrl(url);
  const root = base.href.replace(/[?#].*$/, "").replace(/\/?$/, "/");
  const ack = new URL("hoist/ack", root);
  ack.protocol = base.protocol.replace("ws", "http");
  const socket = new URL("hoist", root);
  socket.protocol = base.protocol.replace("http", "ws");
  return { base: String(url), ack, socket };
}

function parseUrl(url: string | URL): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && /^(http|ws)s?:$/.test(parsed.protocol)) return parsed;
  const needed = 'an HTTP or WebSocket URL such as "http://localhost:5000"';
  const value = url instanceof URL ? url.href : url;
  throw invalidType("Cannot connect", "'url'", needed, value, hintFor(value));
}

/** A host with an optional port and path, which lacks the protocol of a URL. */
const HOST = /^([\w.-]+|\[[\da-f:.]+\])(:\d+)?(\/.*)?$/i;

function hintFor(url: unknown): string {
  return typeof url === "string" && HOST.test(url)
    ? " Did you forget http://?"
    : "";
}

/** Opens a WebSocket to a server, after it has proved to be a Hoist server. */
export async function openWebSocket(
  { endpoints, minimumVersion, WebSocket }: Target,
  signal: AbortSignal,
): Promise<ClientSocket> {
  const { base } = endpoints;
  const info = await fetchServerInfo(endpoints, signal);
  const { version, protocols, lockout } = info;
  if (minimumVersion !== undefined) {
    assertMinimum(base, version, minimumVersion);
  }
  // If the server does not echo the subprotocol, browsers fail the WebSocket.
  const subprotocol = protocols.includes(SUBPROTOCOL) ? SUBPROTOCOL : undefined;
  const create = () =>
    subprotocol === undefined
      ? new WebSocket(endpoints.socket.href)
      : new WebSocket(endpoints.socket.href, subprotocol);
  return await openSocket(
    create,
    (problem) => notOpened(endpoints, problem, lockout),
    signal,
  );
}

function assertMinimum(
  base: string,
  version: string,
  minimumVersion: string,
): void {
  if (isVersion(version) && meetsMinimum(version, minimumVersion)) return;
  throw new VersionError(
    `Cannot connect to ${base}: the server has version ${version}, but 'minimumVersion' is ${minimumVersion}. Update the server or lower 'minimumVersion'.`,
    { needed: minimumVersion, current: version },
  );
}

/** What a server reports about itself before the login */
interface ServerInfo {
  readonly version: string;
  readonly protocols: readonly unknown[];
  /**
   * For how many more seconds the server rejects the address of the client because of
   * failed logins; `null` if without end, and `undefined` if it does not reject it
   */
  readonly lockout: number | null | undefined;
}

/** Fetches what a server reports about itself: docs/reference/protocol.md, "HTTP". */
async function fetchServerInfo(
  { base, ack }: Endpoints,
  signal: AbortSignal,
): Promise<ServerInfo> {
  const value = parseFrame(await fetchBody(base, ack, signal));
  if (isJsonObject(value) && typeof value.version === "string") {
    const { version, protocols, lockout } = value;
    return {
      version,
      protocols: Array.isArray(protocols) ? protocols : [],
      lockout: lockout === null || typeof lockout === "number"
        ? lockout
        : undefined,
    };
  }
  const remedy = ack.pathname.endsWith("/hoist/hoist/ack")
    ? "Omit /hoist from the URL, because the client appends it."
    : "Check the URL.";
  throw new ConnectError(
    `Cannot connect to ${base}: it is not a Hoist server, because ${ack.href} returned no version. ${remedy}`,
  );
}

async function fetchBody(
  base: string,
  ack: URL,
  signal: AbortSignal,
): Promise<string> {
  try {
    const response = await fetch(ack, { signal });
    return await response.text();
  } catch (error) {
    if (signal.aborted) throw error;
    if (isNotCapable(error)) throw permissionMissing(base, ack, error);
    // In Deno and in browsers, only network errors are a TypeError.
    if (!(error instanceof TypeError)) throw error;
    throw unreachable(base, error.cause ?? error);
  }
}

/** Whether Deno lacks a permission. Other runtimes do not have the class of the error. */
function isNotCapable(error: unknown): boolean {
  return error instanceof Error && error.name === "NotCapable";
}

function permissionMissing(
  base: string,
  { host }: URL,
  cause: unknown,
): ConnectError {
  return new ConnectError(
    `Cannot connect to ${base}: the permission is missing. Run with --allow-net=${host}.`,
    { cause },
  );
}

/** `cause` is the error of the system, such as a connection that was refused. */
function unreachable(base: string, cause: unknown): ConnectError {
  const detail = String(cause);
  const problem = /certificate/i.test(detail)
    ? "the TLS certificate of the server is not trusted. Add its certificate authority to this runtime."
    : /InvalidContentType|wrong version number/.test(detail)
    ? "the server does not use TLS. Write http: instead of https: in the URL."
    : "no server answers there. Check the URL and that the server is running.";
  return new ConnectError(`Cannot connect to ${base}: ${problem}`, { cause });
}

async function openSocket(
  create: () => ClientSocket,
  toError: (problem: string) => ConnectError,
  signal: AbortSignal,
): Promise<ClientSocket> {
  const socket = create();
  let problem = "";
  // In Node, an error event without a listener ends the process.
  socket.addEventListener("error", (event) => problem = messageOf(event));
  const opened = new Promise((resolve, reject) => {
    socket.addEventListener("open", () => resolve(undefined));
    socket.addEventListener("close", () => reject(toError(problem)));
  });
  try {
    await Promise.race([opened, aborted(signal)]);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** The message of an error event. Browsers do not report one. */
function messageOf(event: unknown): string {
  const { message } = Object(event);
  return typeof message === "string" ? message : "";
}

/** Returns the meaning of the HTTP status with which a Hoist server rejects an upgrade. */
function rejectionMeaning(problem: string): string | undefined {
  if (/\b403\b/.test(problem)) {
    return `the server does not allow connections from this page (403). Add ${pageOrigin()} to the option 'allowedOrigins' of the server.`;
  }
  return /\b503\b/.test(problem)
    ? "the server has too many connections, or is closing (503). Try again later."
    : undefined;
}

/** Pages at `localhost` and at `127.0.0.1` look the same, but have different origins. */
function pageOrigin(): string {
  const { location = {} }: {
    readonly location?: { readonly origin?: string };
  } = globalThis;
  return location.origin ?? "its origin";
}

function notOpened(
  { base, socket: url }: Endpoints,
  problem: string,
  lockout: ServerInfo["lockout"],
): ConnectError {
  const meaning = rejectionMeaning(problem) ??
    lockoutMeaning(lockout) ??
    (/\b429\b/.test(problem)
      ? "too many connections from this address are open (429). Close others first."
      : `the WebSocket at ${url.href} did not open. Look at the log of the server: perhaps it is full or closing, does not allow this page (add ${pageOrigin()} to 'allowedOrigins'), or rejected too many logins. If the log contains nothing, check whether a proxy blocks WebSockets.`);
  const options = problem === "" ? {} : { cause: new Error(problem) };
  return new ConnectError(`Cannot connect to ${base}: ${meaning}`, options);
}

/** A WebSocket hides the header `Retry-After`, and in a browser also the status. */
function lockoutMeaning(lockout: ServerInfo["lockout"]): string | undefined {
  if (lockout === undefined) return undefined;
  const remedy = lockout === null
    ? "Try again when the server has restarted."
    : `Try again in ${lockout} s.`;
  return `too many logins from this address failed (429). ${remedy}`;
}

/** Returns the error for a login that the server answered with an error frame. */
export function loginError(
  base: string,
  { code, data, description, error, message }: ErrorFrame,
): HoistError {
  if (code === ErrorCode.LOGIN_FAILED) {
    return new LoginError(
      `Cannot log in to ${base}: the server rejected the token. Check that it matches the server's token.`,
    );
  }
  const needed = isJsonObject(data) ? data.needed : undefined;
  if (code === ErrorCode.BAD_VERSION && typeof needed === "string") {
    return new VersionError(
      `Cannot log in to ${base}: the server needs a client of version ${needed} or later, but this client has version ${VERSION}. Update the client.`,
      { needed, current: VERSION },
    );
  }
  return new ConnectError(
    `Cannot log in to ${base}: the server answered ${error}: ${
      description ?? message.replace(/\.$/, "")
    }`,
  );
}

/** Returns the error for an attempt that took longer than its timeout. */
export function connectTimeout(base: string, timeout: number): TimeoutError {
  return new TimeoutError(
    `Cannot connect to ${base}: no response within ${timeout} ms. Check the URL or raise 'timeout'.`,
  );
}

/** Returns the error for a connection that ended before the login was answered. */
export function connectionLost(
  base: string,
  cause: ConnectionClosedError,
): ConnectError {
  const { code, reason } = cause;
  const detail = reason === "" ? "" : `, ${JSON.stringify(reason)}`;
  return new ConnectError(
    `Cannot connect to ${base}: the server closed the connection before it answered the login (${code}${detail}). Look at the log of the server.`,
    { cause },
  );
}
