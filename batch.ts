/**
 * Frames that were said together, as fewer frames: docs/protocol.md, "Extensions",
 * `batch`.
 *
 * @module
 */

import { byteLength } from "./bytes.ts";

/**
 * The most that a batch holds, in bytes, where nothing asks for less. Far below what
 * a peer may refuse, and beyond it a further system call costs next to nothing.
 */
export const MAX_BATCH = 16_384;

/**
 * Joins frames, in their order, to arrays of at most `limit` bytes. What is alone in
 * its array, and what is larger than the limit, goes without one.
 *
 * @param frames JSON texts
 * @param limit The most that an array has, in bytes of UTF-8
 * @returns The frames to send
 */
export function joinFrames(
  frames: readonly string[],
  limit: number,
): readonly string[] {
  return groupFrames(frames, limit).map(textOf);
}

/**
 * What goes together, as {@linkcode joinFrames} has it.
 *
 * @param frames JSON texts
 * @param limit The most that an array has, in bytes of UTF-8
 */
export function groupFrames(
  frames: readonly string[],
  limit: number,
): readonly (readonly string[])[] {
  if (isSmall(frames, limit)) return [frames];
  const groups: string[][] = [];
  let group: string[] = [];
  let size = BRACKETS;
  for (const frame of frames) {
    const added = byteLength(frame, limit);
    if (group.length > 0 && size + COMMA + added > limit) {
      groups.push(group);
      group = [];
      size = BRACKETS;
    }
    size += (group.length > 0 ? COMMA : 0) + added;
    group.push(frame);
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

const BRACKETS = 2;
const COMMA = 1;

/** Whether the limit is out of reach even if each UTF-16 unit has three bytes. */
function isSmall(frames: readonly string[], limit: number): boolean {
  let units = 0;
  for (const frame of frames) units += frame.length + COMMA;
  return units > 0 && BRACKETS + 3 * units <= limit;
}

/** The text of what goes together. */
export function textOf(group: readonly string[]): string {
  return group.length === 1 ? group[0]! : `[${group.join(",")}]`;
}
