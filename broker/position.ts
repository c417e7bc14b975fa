/**
 * Positions in the history of a room. A client keeps a position as an opaque string.
 *
 * A position contains a check, because an engine that was restored from a backup can assign
 * the same offset twice. With the offset alone, a client would then seem to have
 * messages that it never received.
 *
 * @module
 */

import type { Order } from "./broker.ts";

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

/** An epoch, an offset without leading zeros, and a check. */
const FORM =
  /^([A-Za-z0-9_-]{1,40})\.(0|[1-9][0-9]{0,15})\.([A-Za-z0-9_-]{0,8})$/;

/**
 * Parses a position.
 *
 * @param value What a client or a broker sent
 * @returns The position; `undefined` if it is none
 */
export function parsePosition(value: unknown): Position | undefined {
  if (typeof value !== "string" || value.length > MAX_POSITION) {
    return undefined;
  }
  const [, epoch = "", digits = "", check = ""] = FORM.exec(value) ?? [];
  const offset = Number(digits);
  if (epoch === "" || !Number.isSafeInteger(offset)) return undefined;
  return { epoch, offset, check };
}

/** Nearly every position, without the numbers that can be too large. */
const USUAL_FORM =
  /^[A-Za-z0-9_-]{1,39}\.(?:0|[1-9][0-9]{0,14})\.[A-Za-z0-9_-]{0,8}$/;

/** Returns whether a string is a position. It is faster than to parse the string. */
export function isPosition(value: string): boolean {
  return USUAL_FORM.test(value) || parsePosition(value) !== undefined;
}

/**
 * Parses a position of a client, which always knows the check.
 *
 * @param value What the client sent
 * @returns The position; `undefined` if it is none
 */
export function parseClientPosition(value: unknown): Position | undefined {
  const position = parsePosition(value);
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
 * Returns how position `a` relates to position `b`, of which both come from outside.
 *
 * @returns `unrelated` if one of them is no position
 */
export function orderPositions(a: string, b: string): Order {
  // Nearly always, a message names the last one.
  if (isSame(a, b)) return "same";
  const [first, second] = [parsePosition(a), parsePosition(b)];
  return first === undefined || second === undefined
    ? "unrelated"
    : comparePositions(first, second);
}

/** Returns whether two positions are the same, if `b` only adds its check. */
function isSame(a: string, b: string): boolean {
  const isPart = a.length === b.length || a.endsWith(".");
  return isPart && b.startsWith(a) && a.indexOf(".") < a.length - 1 &&
    isPosition(b);
}

/**
 * Returns the check of a publication: 24 bits of a hash (FNV-1a).
 *
 * @param id A string that no other publication has, not even the same one if it is sent again
 */
export function checkOf(id: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  // The last step spreads the last characters over all bits.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 8).toString(36).padStart(5, "0");
}
