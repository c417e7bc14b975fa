/**
 * Answering pings, without which a server takes a client for gone: those of WebSocket
 * (RFC 6455, section 5.5.2) and those that a dialect has of its own.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { pongFrame } from "../../lib/frames.ts";

/** The first byte of a ping. */
const PING = 0x89;

/** A ping as Deno sends it; no text of the bench has these two bytes. */
const EMPTY_PING = new Uint8Array([PING, 0]);

/** What a dialect has of its own: the frame to look for and its answer. */
export interface OwnPing {
  readonly heard: Uint8Array;
  readonly said: Uint8Array;
}

/**
 * The answer to the ping in this chunk, if there is one. A ping with a payload is
 * found only where a chunk begins with it, as it does on a connection that is idle.
 */
export function answerTo(
  chunk: Buffer,
  own: OwnPing | undefined,
): Uint8Array | undefined {
  const length = (chunk[1] ?? 0) & 0x7f;
  if (chunk[0] === PING) return pongFrame(chunk.subarray(2, 2 + length));
  if (chunk.indexOf(EMPTY_PING) !== -1) return pongFrame(new Uint8Array());
  if (own !== undefined && chunk.indexOf(own.heard) !== -1) return own.said;
}
