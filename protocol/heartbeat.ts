/**
 * Heartbeats: docs/reference/protocol.md, `heartbeat`.
 *
 * @module
 */

import { isJsonObject, type Json } from "../common/json.ts";

/** When a client sends a ping, and how long it waits for the answer. */
export interface HeartbeatRules {
  /** The longest time without a frame in one of the directions, in milliseconds */
  readonly interval: number;
  /** The time that the server has to answer a ping, in milliseconds */
  readonly timeout: number;
}

/** The smallest `interval` and `timeout`, in milliseconds. One ping a second is free. */
export const MIN_HEARTBEAT = 1_000;

/** The largest `interval` and `timeout`, in milliseconds. */
export const MAX_HEARTBEAT = 600_000;

/** What the key `heartbeat` of a login must be */
export const HEARTBEAT_FORM =
  `"heartbeat" must have the keys "interval" and "timeout", whole numbers of milliseconds from ${MIN_HEARTBEAT} to ${MAX_HEARTBEAT}`;

/**
 * Returns the rules that a client states in its login.
 *
 * @param value The value of the key `heartbeat`
 * @returns The rules; `undefined` if they are invalid
 */
export function heartbeatOf(value: Json): HeartbeatRules | undefined {
  if (!isJsonObject(value)) return undefined;
  const { interval, timeout } = value;
  return isPeriod(interval) && isPeriod(timeout)
    ? { interval, timeout }
    : undefined;
}

function isPeriod(value: Json | undefined): value is number {
  return Number.isInteger(value) && Number(value) >= MIN_HEARTBEAT &&
    Number(value) <= MAX_HEARTBEAT;
}
