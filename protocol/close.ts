/**
 * Closing: what both sides send, what the application can send, and how log lines
 * describe the end of a connection.
 *
 * @module
 */

import { invalidType, outOfRange } from "../common/check.ts";
import { CloseCode } from "../common/codes.ts";
import { escapeControls } from "../common/text.ts";

/**
 * The longest delay that a server can ask for, in milliseconds, so that no server sends a
 * client away forever.
 */
export const MAX_RETRY_DELAY = 60_000;

/**
 * Chooses how long one client waits before it reconnects to a server that shuts down.
 * The delay is random, up to one millisecond for each connected client: about a thousand
 * clients reconnect per second.
 *
 * @param clients The number of connected clients
 * @param random Returns a random number from 0 up to 1
 * @returns The delay, a whole number of milliseconds up to {@linkcode MAX_RETRY_DELAY}
 */
export function retryDelay(
  clients: number,
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(clients, MAX_RETRY_DELAY));
}

/**
 * Returns the close reason with the delay after which a client reconnects:
 * docs/reference/protocol.md, `retry`.
 *
 * @param delay The delay in milliseconds
 */
export function retryReason(delay: number): string {
  return `server closed, retry in ${delay} ms`;
}

/**
 * Reads when the server wants the client to reconnect: docs/reference/protocol.md,
 * `retry`.
 *
 * @param close The close code and the reason
 * @returns The delay in milliseconds, from 0 to {@linkcode MAX_RETRY_DELAY}; `undefined`
 * if the reason contains none
 */
export function retryHint(
  { code, reason }: { readonly code: number; readonly reason: string },
): number | undefined {
  if (code !== CloseCode.SERVICE_RESTART) return undefined;
  const delay = /\bretry in (\d+) ms$/.exec(reason)?.[1];
  return delay === undefined
    ? undefined
    : Math.min(Number(delay), MAX_RETRY_DELAY);
}

// A Close frame has 125 bytes, two of which are the code: RFC 6455, section 5.5.
const MAX_REASON = 123;

const SUBJECT = "Cannot close the connection";

/**
 * Checks the arguments of `client.close()`. RFC 6455, section 7.4.2, leaves these codes
 * to applications, and Deno does not check them.
 *
 * @param code The close code
 * @param reason The reason
 *
 * @throws {RangeError} If the code is neither 1000 nor from 3000 to 4999, or the reason
 * is longer than 123 bytes
 * @throws {TypeError} If the reason is not a string
 */
export function assertClose(code: number, reason: string): void {
  const isFree = Number.isInteger(code) && code >= 3000 && code <= 4999;
  if (code !== CloseCode.NORMAL && !isFree) {
    const needed = "1000, or a whole number from 3000 to 4999";
    throw outOfRange(SUBJECT, "the code", needed, code);
  }
  if (typeof reason !== "string") {
    throw invalidType(SUBJECT, "the reason", "a string", reason);
  }
  const { length } = new TextEncoder().encode(reason);
  if (length > MAX_REASON) {
    throw new RangeError(
      `${SUBJECT}: the reason must be at most ${MAX_REASON} bytes long. It has ${length} bytes. Shorten it.`,
    );
  }
}

/**
 * Describes the end of a connection that the server's session closed.
 *
 * @param close The close code, the reason and, unless the client said goodbye, what went
 * wrong
 * @returns `closed by the client` after a goodbye, otherwise the same as
 * {@linkcode describeDisconnect}
 */
export function describeEnd(
  { code, reason, failure }: {
    readonly code: number;
    readonly reason: string;
    readonly failure?: string;
  },
): string {
  return failure === undefined
    ? "closed by the client"
    : describeDisconnect(code, reason);
}

/**
 * Describes the end of a connection that the server closed.
 *
 * @param code The close code
 * @param reason The reason, or an empty string
 * @returns The description, such as `closed by the server (1008, token revoked)`
 */
export function describeDisconnect(code: number, reason: string): string {
  return `closed by the server (${describeCode(code, reason)})`;
}

/**
 * Describes the end of a connection that the server did not close.
 *
 * @param code The close code
 * @param reason The reason, or an empty string
 * @returns `connection lost`, or `closed by the client` with the code and the reason
 */
export function describeClose(code: number, reason: string): string {
  // Deno reports the code 0 if the connection broke.
  return code === 0 || code === CloseCode.ABNORMAL
    ? "connection lost"
    : `closed by the client (${describeCode(code, reason)})`;
}

function describeCode(code: number, reason: string): string {
  // Each side can close with any reason.
  return reason === "" ? `${code}` : `${code}, ${escapeControls(reason)}`;
}

/** How a connection ended */
export interface CloseInfo {
  /** The close code of the WebSocket; 1006 if the connection was lost */
  readonly code: number;
  /**
   * The reason of the side that closed, or an empty string. After `Connection.close()`, it is
   * `closed by the client`.
   */
  readonly reason: string;
  /**
   * The error of the last attempt to reconnect, if it failed. After `connection.closed`
   * has resolved, it is the reason why the client stopped reconnecting.
   */
  readonly error?: Error;
}
