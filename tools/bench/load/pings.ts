/**
 * Answers pings, because a server disconnects a client that does not answer: the pings of
 * WebSocket (RFC 6455, section 5.5.2) and the pings of a protocol above it.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { pongFrame } from "../../lib/frames.ts";

/** The first byte of a ping. */
const PING = 0x89;

/** A ping of Deno; no frame of the bench contains these two bytes otherwise. */
const EMPTY_PING = new Uint8Array([PING, 0]);

/** A ping of a protocol above WebSocket, and its answer. */
export interface OwnPing {
  readonly ping: Uint8Array;
  readonly pong: Uint8Array;
}

/**
 * Returns the answer to the ping in a chunk. A ping with a payload is only found at the
 * start of a chunk, where it is on an idle connection.
 */
export function answerTo(
  chunk: Buffer,
  own: OwnPing | undefined,
): Uint8Array | undefined {
  const length = (chunk[1] ?? 0) & 0x7f;
  if (chunk[0] === PING) return pongFrame(chunk.subarray(2, 2 + length));
  if (chunk.indexOf(EMPTY_PING) !== -1) return pongFrame(new Uint8Array());
  if (own !== undefined && chunk.indexOf(own.ping) !== -1) return own.pong;
}
