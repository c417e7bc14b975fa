/**
 * The WebSockets of a server: upgrades requests to them, counts what their clients have not
 * read, ends them without the client, and explains the ends that this package did not cause.
 *
 * Deno has no public function that ends a WebSocket without the client: a WebSocket that was
 * closed waits for the Close frame of the client without end, and holds its file descriptor.
 * Deno itself aborts a WebSocket after its `idleTimeout`, with the function that this module
 * uses. The server therefore keeps the `idleTimeout` of Deno where the function is missing.
 *
 * @module
 */

import { CloseCode } from "../common/codes.ts";
import { type CloseInfo, describeClose } from "../protocol/close.ts";
import { HEARTBEAT_SUBPROTOCOL, SUBPROTOCOL } from "../protocol/features.ts";
import { PROTOCOL_HEADER, subprotocolsOf } from "./handshake.ts";
import type { Log } from "./log.ts";
import { silenceEnd } from "./silence.ts";

/** The `readyState` of a WebSocket whose upgrade is not completed. */
export const CONNECTING = 0;

/** The `readyState` of an open WebSocket. */
export const OPEN = 1;

/** The `readyState` of a WebSocket that has closed. */
export const CLOSED = 3;

/** The part of a WebSocket that a transport uses. */
export type Socket = Pick<
  WebSocket,
  | "readyState"
  | "bufferedAmount"
  | "send"
  | "close"
  | "onopen"
  | "onmessage"
  | "onclose"
>;

/** How many bytes of UTF-8 one UTF-16 unit can need. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * The shortest and the longest interval in which the buffer is checked, in milliseconds. A server
 * can have thousands of clients that read nothing, so that it checks each of them rarely.
 */
const CHECKS = { min: 10, max: 160 };

/**
 * The space for frames that the client has not read. Deno needs as long to report how much of it
 * is used as to send a frame, so it is asked only if a frame perhaps does not fit.
 */
export class SocketBuffer {
  readonly #socket: Pick<Socket, "bufferedAmount">;
  readonly #limit: number;
  /** At most this many bytes are used */
  #used = 0;
  #interval = CHECKS.min;

  /**
   * Constructs a `SocketBuffer`.
   *
   * @param socket The WebSocket
   * @param limit The size, in bytes
   */
  constructor(socket: Pick<Socket, "bufferedAmount">, limit: number) {
    this.#socket = socket;
    this.#limit = limit;
  }

  /**
   * Returns how many bytes are free. It can be less than the real number, but not if the frame
   * perhaps does not fit. Data in the operating system does not count.
   *
   * @param units The length of the frame, in UTF-16 units
   */
  capacityFor(units: number): number {
    if (this.#used + MAX_BYTES_PER_UNIT * units > this.#limit) {
      this.#used = this.#socket.bufferedAmount;
    }
    return this.#limit - this.#used;
  }

  /**
   * Begins to wait until the client has read more.
   *
   * @returns When to check the buffer, in milliseconds, and a function to call then
   */
  startCheck(): { readonly delay: number; readonly end: () => void } {
    const before = this.#socket.bufferedAmount;
    const end = () => {
      const left = this.#socket.bufferedAmount;
      const hasRead = left < before || left === 0;
      const next = Math.min(2 * this.#interval, CHECKS.max);
      this.#interval = hasRead ? CHECKS.min : next;
    };
    return { delay: this.#interval, end };
  }

  /** Notes a frame that is sent. */
  add(units: number): void {
    this.#used += MAX_BYTES_PER_UNIT * units;
  }
}

/** The connection that a transport belongs to. */
export interface TransportOwner {
  /** Called with the data of each WebSocket message. */
  onFrame(data: unknown): void;
  /**
   * Called once, when the connection has ended for this server: nothing is sent or
   * received any more, although the socket can still be closing.
   *
   * @param info The close code and the reason
   * @param how The end of the connection in words, for the log
   */
  onClosed(info: CloseInfo, how: string): void;
  /** Called when the socket is gone; Deno can report this twice. */
  onGone(): void;
  /** Called when the socket opens although its upgrade was probably lost. */
  onOpenedLate(): void;
  /**
   * Called when the client has ended the connection, before `onClosed`.
   *
   * @returns Whether frames of the client wait; if so, `next` is called when none does
   */
  finishFrames(next: () => void): boolean;
}

/** The event of a WebSocket that has ended */
export type SocketEnd = Pick<CloseEvent, "code" | "reason" | "wasClean">;

/**
 * Returns how a connection has ended.
 *
 * @param event The event of the WebSocket
 * @param server The longest silence of a client, in milliseconds, and the log
 * @returns The close code with the reason, and the end in words, for the log
 */
export function endOf(
  { code, reason, wasClean }: SocketEnd,
  { idleTimeout, log }: { readonly idleTimeout: number; readonly log: Log },
): { readonly info: CloseInfo; readonly how: string } {
  // After its idle timeout, Deno does not wait for the Close frame of the client.
  if (code === CloseCode.GOING_AWAY && !wasClean) {
    const info = silenceEnd(idleTimeout);
    return { info, how: info.reason };
  }
  // Deno reports code 0 if the connection broke.
  const info = { code: code || CloseCode.ABNORMAL, reason };
  // The client chooses the reason, which can contain a token.
  return { info, how: describeClose(code, log.redact(reason)) };
}

/**
 * Closes a socket that has opened; does nothing if its connection has not ended.
 *
 * @returns Whether its connection has ended
 */
export function closeOpened(
  socket: Pick<Socket, "close">,
  closed: CloseInfo | undefined,
): boolean {
  if (closed === undefined) return false;
  const { code, reason } = closed;
  if (code !== CloseCode.ABNORMAL) socket.close(code, reason);
  // The server has stopped waiting for the upgrade, and this code cannot be sent.
  else socket.close(CloseCode.TRY_AGAIN_LATER, "the upgrade took too long");
  return true;
}

/** The name of the symbol under which Deno keeps the resource of a WebSocket. */
const RESOURCE = "[[rid]]";

/** The part of the internals of Deno that aborts a WebSocket */
interface Internals {
  readonly core?: { tryClose?(resource: unknown): void };
}

/** Whether all sockets so far had a resource */
let haveResources = true;

/** Returns whether the sockets of this version of Deno can be aborted, as far as known. */
export function canAbort(): boolean {
  return haveResources && typeof internals()?.core?.tryClose === "function";
}

/** Checks a new socket, so that {@linkcode canAbort} is right for the next one. */
export function probe(socket: object): void {
  haveResources &&= resourceSymbol(socket) !== undefined;
}

/** Ends a WebSocket at once; does nothing if this version of Deno cannot do so. */
export function abortSocket(socket: object): void {
  const symbol = resourceSymbol(socket);
  if (symbol === undefined) return;
  try {
    internals()?.core?.tryClose?.(Reflect.get(socket, symbol));
  } catch {
    // The internals have changed: the socket stays until the client ends TCP.
  }
}

function resourceSymbol(socket: object): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find(({ description }) =>
    description === RESOURCE
  );
}

function internals(): Internals | undefined {
  const { internal } = Deno as { readonly internal?: symbol };
  return internal && Reflect.get(Deno, internal);
}

/** What the server knows about the client of a WebSocket before its login. */
export interface SocketTraits {
  /** Whether Deno ends the connection if the client is silent */
  readonly isTimed: boolean;
  /** Whether the client offered the subprotocol, so that it knows more than Hoist 1 */
  readonly isExtended: boolean;
}

/** A WebSocket that is opening, and the response to its request. */
export interface OpenedSocket extends Deno.WebSocketUpgrade, SocketTraits {}

/** Options of {@linkcode openSocket} */
export interface OpenOptions {
  /** How long a client can be silent, in milliseconds */
  readonly idleTimeout: number;
  readonly limits: { readonly loginTimeout: number };
}

/**
 * The longest `loginTimeout` of a connection without a timer of Deno, in milliseconds.
 * Before the login, nothing else ends a connection whose client is gone.
 */
const MAX_LOGIN_TIMEOUT = 60_000;

/**
 * Upgrades a request. The server itself ends silent connections of clients that send
 * heartbeats, because a timer of Deno needs memory, and can outlive the connection.
 *
 * @returns The socket; `undefined` if the handshake is invalid
 */
export function openSocket(
  request: Request,
  { idleTimeout, limits: { loginTimeout } }: OpenOptions,
): OpenedSocket | undefined {
  const offered = subprotocolsOf(request);
  const isTimed = !offered.includes(HEARTBEAT_SUBPROTOCOL) || !canAbort() ||
    loginTimeout > MAX_LOGIN_TIMEOUT;
  const seconds = isTimed && idleTimeout !== Infinity ? idleTimeout / 1_000 : 0;
  const upgrade = tryToUpgrade(request, seconds);
  if (upgrade === undefined) return undefined;
  const { socket, response } = upgrade;
  probe(socket);
  // With the option `protocol`, Deno expects a space after each comma.
  const isExtended = offered.includes(SUBPROTOCOL);
  if (isExtended) response.headers.set(PROTOCOL_HEADER, SUBPROTOCOL);
  return { socket, response, isTimed, isExtended };
}

function tryToUpgrade(
  request: Request,
  idleTimeout: number,
): Deno.WebSocketUpgrade | undefined {
  try {
    return Deno.upgradeWebSocket(request, { idleTimeout });
  } catch {
    return undefined;
  }
}
