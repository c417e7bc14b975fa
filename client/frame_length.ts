/**
 * The lengths of the frames of a server, which limit what waits in the client.
 *
 * @module
 */

import type { ServerFrame } from "../protocol/server_frames.ts";

/** Returns the length of a frame, in UTF-16 units; 0 for a binary frame. */
export function lengthOf(data: unknown): number {
  return typeof data === "string" ? data.length : 0;
}

/**
 * Returns the length of a single frame, or the average length of the replies in a batch.
 * The other frames that belong to requests count as well, because the server could hide a
 * long reply among short frames. `undefined` if there are broadcasts or messages of
 * rooms, which can be much longer, or items, because each item counts.
 */
export function lengthOfEach(
  length: number,
  frames: readonly (ServerFrame | null)[],
): number | undefined {
  if (frames.length === 1) return length;
  let replies = 0;
  for (const frame of frames) {
    if (frame?.kind === "items" || frame?.kind === "publication") {
      return undefined;
    }
    if (frame?.kind !== "message") continue;
    if (frame.id === null) return undefined;
    replies++;
  }
  return Math.ceil(length / replies);
}
