/**
 * The ends of a client's connection, in words, and what a host program may close with.
 *
 * @module
 */

import { CloseCode } from "../common/errors.ts";
import { escapeControls } from "../common/text.ts";

/**
 * The longest wait that a server may ask for, in milliseconds: it should not be able
 * to send a client away for good.
 */
export const MAX_RETRY_DELAY = 60_000;

/**
 * How long a server that goes down tells one of its clients to stay away: a
 * millisecond for each of them at most, so that about a thousand come back in a second
 * (more where there are more than a minute has room for).
 *
 * @param clients The number of clients that are connected
 * @param random A number from 0 up to 1, each time another
 * @returns A whole number of milliseconds
 */
export function retryDelay(
  clients: number,
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(clients, MAX_RETRY_DELAY));
}

/** The reason to close with, which tells a client when to come back. */
export function retryReason(delay: number): string {
  return `server closed, retry in ${delay} ms`;
}

/**
 * When the server that closed a connection wants the client back.
 *
 * @param close The close code and the reason
 * @returns A time in milliseconds, from 0 to {@linkcode MAX_RETRY_DELAY}; `undefined`
 * if the server does not say
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

/** What RFC 6455, section 7.4.2, leaves to applications; Deno does not check it. */
export function assertClose(code: number, reason: string): void {
  const isFree = Number.isInteger(code) && code >= 3000 && code <= 4999;
  if (code !== CloseCode.NORMAL && !isFree) {
    throw new RangeError(
      `Cannot close the client as the code must be 1000 or from 3000 to 4999: current value is ${code}`,
    );
  }
  if (typeof reason !== "string") {
    throw new TypeError(
      `Cannot close the client as the reason must be a text: current value is of type ${typeof reason}`,
    );
  }
  const { length } = new TextEncoder().encode(reason);
  if (length > MAX_REASON) {
    throw new RangeError(
      `Cannot close the client as the reason must be at most ${MAX_REASON} bytes: current length is ${length}`,
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
  // The application can close with any reason.
  const detail = reason === "" ? "" : `, ${escapeControls(reason)}`;
  return `closed by the server (${code}${detail})`;
}

/**
 * Describes the end of a connection that the server did not close.
 *
 * @param code The close code
 * @returns `connection lost`, or `closed by the client` with the code
 */
export function describeClose(code: number): string {
  // Deno reports the code 0 if the connection broke.
  return code === 0 || code === CloseCode.ABNORMAL
    ? "connection lost"
    : `closed by the client (${code})`;
}

/** How a connection ended */
export interface CloseInfo {
  /** The close code of the WebSocket, 1006 if it broke */
  readonly code: number;
  /** The reason that the server gave, or an empty string */
  readonly reason: string;
  /**
   * Why the last attempt to come back failed, if there was one that did: where
   * `connection.closed` has resolved, what made it give up
   */
  readonly error?: Error;
}
