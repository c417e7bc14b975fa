/**
 * Measures the requests of clients.
 *
 * @module
 */

import { isDeeperThan, type Json, type JsonObject } from "../common/json.ts";
import type { WireMessage } from "../protocol/message.ts";

/** A decoded request, whose payload can have any key. */
interface Measurable {
  readonly [key: string]: Json | undefined;
}

/**
 * Returns whether a payload of a request, or its chain of replies, exceeds the depth
 * limit. Every key of the request is checked, so that no kind of request is forgotten.
 */
export function isTooDeep(request: object, limit: number): boolean {
  if (limit === Infinity) return false;
  const values = request as Measurable;
  for (const key in values) {
    const value = values[key];
    const isTooDeep = key === "replying"
      ? isChainTooDeep(value as WireMessage | null, limit)
      : isDeeperThan(value, limit);
    if (isTooDeep) return true;
  }
  return false;
}

/** Checks a message, and the messages that it replies to. */
function isChainTooDeep(first: WireMessage | null, limit: number): boolean {
  let levels = 0;
  for (let next = first; next !== null; next = next.replying) {
    if (++levels > limit || isDeeperThan(next.data, limit)) return true;
  }
  return false;
}

/** The characters of a JSON string, object or entry besides its content. */
const QUOTES = 2;
const BRACKETS = 2;
const COMMA = 1;
const COLON = 1;

/** Added for a key such as "34", because V8 reserves a place for each smaller index. */
const INDEX = 8;

type Container = JsonObject | readonly Json[];

/** The parts of a request that need memory. */
interface Payload {
  readonly kind?: string;
  readonly name?: string;
  readonly data?: JsonObject;
  /** What the client claims about itself */
  readonly presence?: JsonObject | null | false;
  readonly replying?: WireMessage | null;
}

/** The arrays and objects to measure; empty between the calls, and one for speed. */
const containers: Container[] = [];

/**
 * Returns the approximate length of a request as JSON, without encoding it. The length is
 * in characters. The memory of the request is at most about 25 times as many bytes.
 *
 * Measure a request before its handler runs, because the handler can change the data.
 */
export function sizeOf(
  { name = "", data, presence, replying }: Payload,
): number {
  let size = name.length;
  // Not recursive, because the depth can be without a limit.
  if (data !== undefined) containers.push(data);
  if (presence) containers.push(presence);
  if (replying) containers.push(replying as object as Container);
  for (
    let next = containers.pop();
    next !== undefined;
    next = containers.pop()
  ) {
    size += BRACKETS;
    if (Array.isArray(next)) {
      for (const value of next) size += COMMA + sizeWithout(value);
    } else {
      for (const key in next) {
        const value = (next as JsonObject)[key];
        size += key.length + QUOTES + COLON + COMMA;
        if (isIndex(key)) size += INDEX;
        size += sizeWithout(value);
      }
    }
  }
  return size;
}

/** Returns whether a key can be the index of an array. */
function isIndex(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 0x30 && first <= 0x39;
}

/** Returns the length of a value, and 0 for an array or object, which is measured later. */
function sizeWithout(value: Json | undefined): number {
  if (typeof value === "string") return value.length + QUOTES;
  if (typeof value !== "object" || value === null) return 1;
  containers.push(value as Container);
  return 0;
}
