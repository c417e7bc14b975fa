/**
 * The WebSocket of a client, which each runtime implements in its own way.
 *
 * @module
 */

import { MAX_BATCH } from "../protocol/batch.ts";

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

/**
 * Constructs a WebSocket, like the class of that name. With the option `headers` or
 * `caCerts`, it gets a third argument, as the class of `npm:ws`: `{ headers, ca }`.
 */
export type WebSocketConstructor = new (
  url: string,
  protocols?: string | string[],
) => ClientSocket;

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

/** Sends a Ping frame, if the implementation can do this; does not throw. */
export function pingSocket(socket: Pick<ClientSocket, "ping">): void {
  try {
    socket.ping?.();
  } catch {
    // The socket soon reports that it has closed, or nothing answers.
  }
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

/**
 * Deno's WebSocket sends longer frames in two parts, in bytes. Between the parts, TCP
 * waits about 40 ms for the server.
 */
const MAX_DENO_FRAME = 1_024;

/** Returns the maximum length of a batch that a WebSocket sends quickly, in bytes. */
export function maxBatchOf(socket: ClientSocket): number {
  const isOfDeno = "Deno" in globalThis &&
    socket instanceof globalThis.WebSocket;
  return isOfDeno ? MAX_DENO_FRAME : MAX_BATCH;
}
