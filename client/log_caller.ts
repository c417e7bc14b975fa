/**
 * The public function that caused a log line of a client, for `debug({ trace: true })`.
 *
 * @module
 */

import { GOODBYE } from "../protocol/encode.ts";

/** The functions that cause an event */
const BY_EVENT: ReadonlyMap<string, string> = new Map([
  ["connect", "connect"],
  ["login", "connect"],
  ["reconnect", "connect"],
  ["disconnect", "close"],
  ["close", "close"],
]);

/** The functions that send an action */
const BY_ACTION: ReadonlyMap<string | undefined, string> = new Map([
  ["message", "message"],
  ["operation", "operation"],
  ["stream", "stream"],
  ["credit", "stream"],
  ["cancel", "stream"],
]);

/** Returns the public function that causes an event. */
export function callerOf(event: string): string {
  return BY_EVENT.get(event) ?? "receive";
}

/** Returns the public function that sent a frame, or the first frame of a batch. */
export function senderOf(frame: string): string {
  if (frame === GOODBYE) return "close";
  const action = /^\[?\{"id":\d+,"action":"(\w+)"/.exec(frame)?.[1];
  return BY_ACTION.get(action) ?? "receive";
}
