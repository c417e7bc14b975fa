/**
 * Opens WebSockets to a server, after it has proved to be a Hoist server.
 *
 * @module
 */

import { aborted, limit } from "../common/async.ts";
import { VersionError } from "../common/errors.ts";
import { showName, showValue } from "../common/text.ts";
import type { RequestEncoder } from "../protocol/encode.ts";
import { SUBPROTOCOL } from "../protocol/features.ts";
import { isVersion, meetsMinimum } from "../version.ts";
import { constructSocket } from "./construct_socket.ts";
import type { HttpTarget } from "./http_target.ts";
import type { ClientLog } from "./log.ts";
import { fetchServerInfo, type ServerInfo } from "./server_info.ts";
import type { TokenSource } from "./token_source.ts";
import { notOpened } from "./upgrade_errors.ts";

/** The part of a WebSocket that a connection needs */
export interface ClientSocket {
  /** 0 (connecting), 1 (open), 2 (closing) or 3 (closed) */
  readonly readyState: number;
  /** The bytes that wait to be sent; 0 if the implementation does not count them */
  readonly bufferedAmount?: number;
  /** Sends a text frame. */
  send(data: string): void;
  /** Sends a Close frame. */
  close(code?: number, reason?: string): void;
  /**
   * How many bytes the socket has received since it opened. The number also grows with each
   * Pong frame, and while a large frame arrives. If omitted, the implementation does not
   * count them.
   */
  readonly bytesReceived?: number;
  /**
   * Sends a Ping frame, which the server answers with a Pong frame. Use it only if the
   * socket has `bytesReceived`, because nothing else shows that a Pong frame arrived.
   */
  ping?(): void;
  /** Ends the TCP connection at once. Not all implementations can do this */
  terminate?(): void;
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

/** What each attempt to connect needs */
export interface Target extends HttpTarget {
  readonly minimumVersion: string | undefined;
  /** The timeout of one attempt, in milliseconds */
  readonly timeout: number;
  /** The largest frame that the client accepts, in bytes */
  readonly maxPayload: number;
  /** The maximum data that waits in the client, in bytes */
  readonly maxBuffered: number;
  readonly WebSocket: WebSocketConstructor;
  /** Returns the token for each login */
  readonly tokens: TokenSource;
  /** Encodes the login with a token */
  encodeLogin(token: string): RequestEncoder;
  /** The maximum length of a batch, in bytes */
  readonly maxBatch: number;
  readonly log: ClientLog;
}

/**
 * How long a server that was connected before can take to report about itself, in
 * milliseconds. The runtime can send the request over a kept connection that is dead.
 */
const ASK_AGAIN_TIMEOUT = 2_000;

/** Opens one WebSocket after the other to a server, and remembers what it reported. */
export class Dialer {
  /** The server to connect to */
  readonly target: Target;
  #info: ServerInfo | undefined;

  /** Constructs a `Dialer`. */
  constructor(target: Target) {
    this.target = target;
  }

  /** Opens a WebSocket. The first call asks what server this is, before it does so. */
  async open(signal: AbortSignal): Promise<ClientSocket> {
    const isFirst = this.#info === undefined;
    const info = await this.#currentInfo(signal);
    const opened = await this.#tryToOpen(info, signal);
    if (typeof opened !== "string") return opened;
    if (!isFirst) return await this.#openAgain(info, opened, signal);
    throw notOpened(this.target.endpoints, opened, info.lockout);
  }

  /** Only `minimumVersion` needs to know the version of a server that has restarted. */
  async #currentInfo(signal: AbortSignal): Promise<ServerInfo> {
    const known = this.#info;
    if (known === undefined) return await this.#ask(signal);
    if (this.target.minimumVersion === undefined) return known;
    return await this.#askAgain(signal) ?? known;
  }

  /** Asks again after a failure, because the server can be another one by now. */
  async #openAgain(
    known: ServerInfo,
    problem: string,
    signal: AbortSignal,
  ): Promise<ClientSocket> {
    const info = await this.#askAgain(signal) ?? known;
    const opened = subprotocolOf(info) === subprotocolOf(known)
      ? problem
      : await this.#tryToOpen(info, signal);
    if (typeof opened !== "string") return opened;
    throw notOpened(this.target.endpoints, opened, info.lockout);
  }

  /** Resolves to `undefined` if the server does not answer in time. */
  async #askAgain(callerSignal: AbortSignal): Promise<ServerInfo | undefined> {
    const noReason = () => undefined;
    const { signal, cancel } = limit(callerSignal, ASK_AGAIN_TIMEOUT, noReason);
    try {
      return await this.#ask(signal);
    } catch (error) {
      if (signal.aborted && !callerSignal.aborted) return undefined;
      throw error;
    } finally {
      cancel();
    }
  }

  async #ask(signal: AbortSignal): Promise<ServerInfo> {
    const { endpoints, minimumVersion } = this.target;
    const info = await fetchServerInfo(this.target, signal);
    if (minimumVersion !== undefined) {
      assertMinimum(endpoints.base, info.version, minimumVersion);
    }
    return this.#info = info;
  }

  async #tryToOpen(
    info: ServerInfo,
    signal: AbortSignal,
  ): Promise<ClientSocket | string> {
    const { target } = this;
    const { WebSocket, endpoints: { socket: { href } } } = target;
    const create = () =>
      constructSocket(WebSocket, href, subprotocolOf(info), target);
    return await tryToOpen(create, signal);
  }
}

/** If the server does not echo the subprotocol, browsers fail the WebSocket. */
function subprotocolOf({ protocols }: ServerInfo): string | undefined {
  return protocols.includes(SUBPROTOCOL) ? SUBPROTOCOL : undefined;
}

function assertMinimum(
  base: string,
  version: string,
  minimumVersion: string,
): void {
  if (isVersion(version) && meetsMinimum(version, minimumVersion)) return;
  const current = isVersion(version) ? showName(version) : showValue(version);
  throw new VersionError(
    `Cannot connect to ${base}: the server has version ${current}, but 'minimumVersion' is ${minimumVersion}. Update the server or lower 'minimumVersion'.`,
    { needed: minimumVersion, current: version },
  );
}

/** Resolves to a WebSocket that is open, or to the message of its error. */
async function tryToOpen(
  create: () => ClientSocket,
  signal: AbortSignal,
): Promise<ClientSocket | string> {
  const socket = createSocket(create);
  if (typeof socket === "string") return socket;
  const outcome = new Promise<ClientSocket | string>((resolve) => {
    socket.addEventListener("open", () => resolve(socket));
    // Some implementations never report "close" after it. In Node, an error event without
    // a listener ends the process.
    socket.addEventListener("error", (event) => resolve(messageOf(event)));
    socket.addEventListener("close", () => resolve(""));
  });
  let opened: ClientSocket | string = "";
  try {
    opened = await Promise.race([outcome, aborted(signal)]);
    return opened;
  } finally {
    if (opened !== socket) discard(socket);
  }
}

/** Returns the message of the error if the class throws: it can contain the URL. */
function createSocket(create: () => ClientSocket): ClientSocket | string {
  try {
    return create();
  } catch (error) {
    return messageOf(error) || "the class WebSocket threw an error";
  }
}

/** Ends a WebSocket, also if it opens later. */
function discard(socket: ClientSocket): void {
  const abort = () => abortSocket(socket);
  socket.addEventListener("open", abort);
  abort();
}

/**
 * Ends a WebSocket without waiting for the server, if the implementation can do this; does
 * not throw. Deno keeps the socket until the server answers the Close frame.
 */
export function abortSocket(socket: ClientSocket): void {
  try {
    if (socket.terminate !== undefined) return socket.terminate();
  } catch {
    // Closing is the next best.
  }
  closeSocket(socket);
}

/** Closes a WebSocket; does not throw. */
export function closeSocket(socket: ClientSocket, code?: number): void {
  try {
    if (code === undefined) socket.close();
    else socket.close(code);
  } catch {
    // Browsers and Deno do not send the codes that RFC 6455 defines, except 1000. Other
    // implementations can reject to close a WebSocket that connects or has failed.
    if (code !== undefined) closeSocket(socket);
  }
}

/** The message of an error event. Browsers do not report one. */
function messageOf(event: unknown): string {
  const { message } = Object(event);
  return typeof message === "string" ? message : "";
}
