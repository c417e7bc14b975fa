/**
 * The rooms of the soak test.
 *
 * @module
 */

/** The number of messages that a room with a short history keeps. */
export const BRIEF_SIZE = 2;

/** Returns whether a room keeps so little that clients with a lost connection miss messages. */
export function isBrief(room: string): boolean {
  return room.startsWith("brief:");
}

/** The rooms that keep everything that a client can miss. */
export const KEPT_ROOMS: readonly string[] = namesOf("kept", 40);

/** The rooms with a short history. */
export const BRIEF_ROOMS: readonly string[] = namesOf("brief", 10);

/** All rooms. */
export const ROOMS: readonly string[] = [...KEPT_ROOMS, ...BRIEF_ROOMS];

/** The message of the server to each room, with consecutive numbers. */
export const TICK = "tick";

/** The message of a member, with consecutive numbers. */
export const SAY = "say";

function namesOf(kind: string, length: number): string[] {
  return Array.from({ length }, (_, n) => `${kind}:${n}`);
}
