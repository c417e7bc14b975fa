/**
 * Replaces `protocol/decode_room_messages.ts` in this folder, because the page joins no room
 * and does not name the extension. See the imports in `deno.json`.
 *
 * @module
 */

import type { LinkEvents } from "../client/link.ts";

type RoomFrame = Parameters<LinkEvents["onRoom"]>[0];

/** Decodes no frame, because the server sends none about rooms. */
export function readRoomFrame(..._frame: readonly unknown[]): undefined {}

/** Returns `false`. */
export function isRoomEvent<Frame extends { readonly kind: string }>(
  _frame: Frame | RoomFrame,
): _frame is RoomFrame {
  return false;
}
