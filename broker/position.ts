/**
 * Positions in the history of a room. A client keeps a position as an opaque string.
 *
 * A position contains a check, because an engine that was restored from a backup can give
 * out the same offset twice. With the offset alone, a client would then seem to have
 * messages that it never received.
 *
 * @module
 */

/** The longest position, in characters. */
export const MAX_POSITION = 64;

/** A position in the history of a room. */
export interface Position {
  /** The life of the history: a new one has no message of the last one */
  readonly epoch: string;
  /** The number of the publication in the room; 0 before the first one */
  readonly offset: number;
  /**
   * Depends on the publication at the offset; empty at offset 0. A broker that does not know
   * it leaves it empty in `previous`.
   */
  readonly check: string;
}

/** How two positions of a room relate. */
export type Order =
  | "same"
  | "before"
  | "after"
  /** They belong to different epochs, or the same offset was given out twice */
  | "unrelated";

/** An epoch, an offset without leading zeros, and a check. */
const FORM =
  /^([A-Za-z0-9_-]{1,40})\.(0|[1-9][0-9]{0,15})\.([A-Za-z0-9_-]{0,8})$/;

/**
 * Parses a position.
 *
 * @param text What a client or a broker sent
 * @returns The position; `undefined` if it is none
 */
export function parsePosition(text: unknown): Position | undefined {
  if (typeof text !== "string" || text.length > MAX_POSITION) return undefined;
  const [, epoch = "", digits = "", check = ""] = FORM.exec(text) ?? [];
  const offset = Number(digits);
  if (epoch === "" || !Number.isSafeInteger(offset)) return undefined;
  return { epoch, offset, check };
}

/**
 * Parses a position of a client, which always knows the check.
 *
 * @param text What the client sent
 * @returns The position; `undefined` if it is none
 */
export function parseClientPosition(text: unknown): Position | undefined {
  const position = parsePosition(text);
  if (position === undefined) return undefined;
  const isStart = position.offset === 0;
  return isStart === (position.check === "") ? position : undefined;
}

/** Formats a position. */
export function formatPosition({ epoch, offset, check }: Position): string {
  return `${epoch}.${offset}.${check}`;
}

/** Returns how position `a` relates to position `b`. */
export function comparePositions(a: Position, b: Position): Order {
  if (a.epoch !== b.epoch) return "unrelated";
  if (a.offset !== b.offset) return a.offset < b.offset ? "before" : "after";
  const isKnown = a.check !== "" && b.check !== "";
  return isKnown && a.check !== b.check ? "unrelated" : "same";
}

/**
 * Returns the check of a publication: 24 bits of a hash (FNV-1a), so that the broker does
 * not have to store it.
 *
 * @param key The key of the publication, which no other publication of the room has
 */
export function checkOf(key: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  // The last step spreads the last characters over all bits.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 8).toString(36).padStart(5, "0");
}
