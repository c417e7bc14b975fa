/**
 * The ends of a client's connection, in words, and what a host program may close with.
 *
 * @module
 */

import { CloseCode } from "./errors.ts";
import type { CloseEffect } from "./session.ts";
import { printable } from "./show.ts";

// A Close frame has 125 bytes, two of which are the code: RFC 6455, section 5.5.
const MAX_REASON = 123;

/** What RFC 6455, section 7.4.2, leaves to applications; Deno does not check it. */
export function assertClose(code: number, reason: string): void {
  const isFree = Number.isInteger(code) && code >= 3000 && code <= 4999;
  if (code !== CloseCode.NORMAL && !isFree) {
    throw new RangeError(
      `Cannot close the client as the code must be 1000 or from 3000 to 4999: current value is ${code}`,
    );
  }
  if (typeof reason !== "string") {
    throw new TypeError(
      `Cannot close the client as the reason must be a text: current value is of type ${typeof reason}`,
    );
  }
  const { length } = new TextEncoder().encode(reason);
  if (length > MAX_REASON) {
    throw new RangeError(
      `Cannot close the client as the reason must be at most ${MAX_REASON} bytes: current length is ${length}`,
    );
  }
}

/** How a connection ended that the session closed. */
export function describeEnd({ code, reason, failure }: CloseEffect): string {
  return failure === undefined
    ? "has said goodbye"
    : describeDisconnect(code, reason);
}

/** How a connection ended that this side closed. */
export function describeDisconnect(code: number, reason: string): string {
  // A host program may tell its client anything.
  const detail = reason === "" ? "" : `, ${printable(reason)}`;
  return `was disconnected (${code}${detail})`;
}

/** How a connection ended that nobody here closed. */
export function describeClose(code: number): string {
  // Deno's code is 0 where the connection broke.
  return code === 0 || code === CloseCode.ABNORMAL
    ? "was lost"
    : `has disconnected (${code})`;
}
