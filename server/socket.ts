/**
 * The WebSockets of a server.
 *
 * @module
 */

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
