/**
 * The lengths of the frames of a server, which limit what waits in the client.
 *
 * @module
 */

import { fitsInto } from "../common/text.ts";
import type { ServerFrame } from "../protocol/server_frames.ts";
import type { EarlyMessages } from "./early_messages.ts";

/** Returns the length of a frame, in UTF-16 units; 0 for a binary frame. */
export function lengthOf(data: unknown): number {
  return typeof data === "string" ? data.length : 0;
}

/**
 * Counts a frame of a server, and describes why it ends the connection, if it does.
 *
 * @param data The frame
 * @param limits The options `maxPayload` and `maxBuffered`, in bytes
 * @param early What waits for the login; `undefined` after it
 * @returns A part of a sentence; `undefined` if the frame is not too long
 */
export function describeExcess(
  data: unknown,
  limits: { readonly maxPayload: number; readonly maxBuffered: number },
  early: EarlyMessages | undefined,
): string | undefined {
  const { maxPayload, maxBuffered } = limits;
  if (typeof data === "string" && !fitsInto(data, maxPayload)) {
    return `a frame of the server was larger than 'maxPayload', ${maxPayload} bytes`;
  }
  return early?.accepts(lengthOf(data)) === false
    ? `the server sent more than 'maxBuffered', ${maxBuffered} bytes, before it answered the login`
    : undefined;
}

/**
 * Returns the length of a single frame, or the average length of the replies in a batch, if
 * all belong to one request. The other frames that belong to requests count as well, because
 * the server could hide a long reply among short frames.
 *
 * Returns `undefined` if each frame has to be measured: a broadcast or a message of a room can
 * be much longer than the replies, each item counts, and a reply to another request, or a reply
 * that nothing keeps, must not make the others look shorter.
 *
 * @param length The length of the WebSocket message, in UTF-16 units
 * @param frames The frames in it
 * @param keeps Returns whether a request keeps its replies
 */
export function lengthOfEach(
  length: number,
  frames: readonly (ServerFrame | null)[],
  keeps: (id: number) => boolean,
): number | undefined {
  if (frames.length === 1) return length;
  const ended = new Set<number | null>();
  let only: number | undefined;
  let replies = 0;
  for (const frame of frames) {
    if (frame === null) continue;
    if (frame.kind === "items" || frame.kind === "publication") {
      return undefined;
    }
    if (endsRequest(frame)) ended.add(frame.id);
    if (frame.kind !== "message") continue;
    const { id } = frame;
    if (id === null || ended.has(id) || !keeps(id)) return undefined;
    only ??= id;
    if (id !== only) return undefined;
    replies++;
  }
  return Math.ceil(length / replies);
}

function endsRequest(
  frame: ServerFrame,
): frame is Extract<
  ServerFrame,
  { kind: "answer" | "done" | "error" | "invalid" }
> {
  return frame.kind === "answer" || frame.kind === "done" ||
    frame.kind === "error" || frame.kind === "invalid";
}
