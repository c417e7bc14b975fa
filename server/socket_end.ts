/**
 * How a connection has ended that this package did not close.
 *
 * @module
 */

import { CloseCode } from "../common/codes.ts";
import { type CloseInfo, describeClose } from "../protocol/close.ts";
import type { Log } from "./log.ts";
import { silenceEnd } from "./silence.ts";

/** The event of a WebSocket that has ended */
export type SocketEnd = Pick<CloseEvent, "code" | "reason" | "wasClean">;

/**
 * Returns how a connection has ended.
 *
 * @param event The event of the WebSocket
 * @param server The longest silence of a client, in milliseconds, and the log
 * @returns The close code with the reason, and the end in words, for the log
 */
export function endOf(
  { code, reason, wasClean }: SocketEnd,
  { idleTimeout, log }: { readonly idleTimeout: number; readonly log: Log },
): { readonly info: CloseInfo; readonly how: string } {
  // After its idle timeout, Deno does not wait for the Close frame of the client.
  if (code === CloseCode.GOING_AWAY && !wasClean) {
    const info = silenceEnd(idleTimeout);
    return { info, how: info.reason };
  }
  // Deno reports code 0 if the connection broke.
  const info = { code: code || CloseCode.ABNORMAL, reason };
  // The client chooses the reason, which can contain a token.
  return { info, how: describeClose(code, log.redact(reason)) };
}
