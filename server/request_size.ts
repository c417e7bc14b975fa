/**
 * Measures the requests of clients.
 *
 * @module
 */

import { isDeeperThan, type Json } from "../common/json.ts";
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
