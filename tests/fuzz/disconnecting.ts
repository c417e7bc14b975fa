/**
 * How a fuzzing client disconnects, and the last bytes that it sends.
 *
 * @module
 */

import {
  encodeFrame,
  type FrameOptions,
  joinBytes,
  Opcode,
} from "../support/websocket_frames.ts";
import type { Random } from "./random.ts";
import { GOODBYE } from "./requests.ts";

/** How a client disconnects, if the connection has not ended before. */
export type Disconnect =
  /** It waits for all responses and sends a goodbye */
  | "settle"
  | "goodbye"
  /** It closes the WebSocket while requests are pending */
  | "close"
  /** It violates the WebSocket protocol */
  | "violate"
  /** It ends its sending side and continues to read */
  | "finish"
  | "vanish";

/** Returns the last bytes of a client, which can be empty. */
export function lastBytes(
  random: Random,
  disconnect: Disconnect,
): Uint8Array<ArrayBuffer> {
  switch (disconnect) {
    case "settle":
    case "goodbye":
      return encodeFrame(GOODBYE);
    case "close":
      return closeFrame(random);
    case "violate":
      return violation(random);
    default:
      return new Uint8Array(0);
  }
}

/** Returns a Close frame whose code or reason can be invalid. */
function closeFrame(random: Random): Uint8Array<ArrayBuffer> {
  const code = random.pick([
    0,
    999,
    1000,
    1001,
    1005,
    1006,
    1015,
    3000,
    4999,
    65_535,
  ]);
  const payload = [code >> 8, code & 0xff, ...random.bytes(random.below(20))];
  const length = random.pick([0, 1, 2, 2, 2, payload.length]);
  return encodeFrame(new Uint8Array(payload.slice(0, length)), {
    opcode: Opcode.CLOSE,
  });
}

/** Returns bytes that RFC 6455, section 5, forbids. */
function violation(random: Random): Uint8Array<ArrayBuffer> {
  const frame = (payload: string | number[], options: FrameOptions) =>
    encodeFrame(
      typeof payload === "string" ? payload : new Uint8Array(payload),
      options,
    );
  return random.pick<() => Uint8Array<ArrayBuffer>>([
    () => frame(GOODBYE, { mask: null }),
    () => frame("{}", { reserved: random.between(1, 7) }),
    () => frame("{}", { opcode: random.between(3, 7) }),
    () => frame("{}", { opcode: random.between(11, 15) }),
    () => frame("x".repeat(126), { opcode: Opcode.PING }),
    () => frame("x", { opcode: Opcode.PING, fin: false }),
    () => frame("{}", { opcode: Opcode.CONTINUATION }),
    () => joinBytes([frame("{", { fin: false }), frame("{}", {})]),
    () => frame([0x22, 0xc3, 0x28, 0x22], {}),
    () => frame([0x22, 0xed, 0xa0, 0x80, 0x22], {}),
    () =>
      frame("{}", { length: random.pick([3, 2 ** 26 + 1, 2 ** 40, 2 ** 53]) }),
    () => frame("{", { fin: false }),
    () => random.bytes(random.between(1, 200)) as Uint8Array<ArrayBuffer>,
  ])();
}
