/**
 * WebSocket frames of a client, encoded ahead of time: RFC 6455, section 5.2.
 *
 * @module
 */

const FIN = 0x80;
const MASKED = 0x80;
const OPCODE_TEXT = 0x1;
const OPCODE_CLOSE = 0x8;
const OPCODE_PONG = 0xa;

/** The largest payload whose length stands in the header of two bytes. */
const MAX_SHORT = 125;
/** The largest payload whose length has two bytes of its own. */
const MAX_MEDIUM = 0xffff;

/** A text frame. */
export function textFrame(text: string): Uint8Array {
  return maskedFrame(OPCODE_TEXT, new TextEncoder().encode(text));
}

/** A Close frame. */
export function closeFrame(code: number): Uint8Array {
  return maskedFrame(OPCODE_CLOSE, new Uint8Array([code >> 8, code & 0xff]));
}

/** The answer to a ping. */
export function pongFrame(payload: Uint8Array): Uint8Array {
  return maskedFrame(OPCODE_PONG, payload);
}

/** One after the other. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// The mask is all zeros, which leaves the payload as it is: a server unmasks it like
// any other, and the generator saves the work.
function maskedFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const header = [FIN | opcode, ...lengthBytes(payload.length), 0, 0, 0, 0];
  return concatenate([new Uint8Array(header), payload]);
}

function lengthBytes(length: number): number[] {
  if (length <= MAX_SHORT) return [MASKED | length];
  if (length <= MAX_MEDIUM) return [MASKED | 126, length >> 8, length & 0xff];
  throw new RangeError(
    `Cannot encode a frame of more than ${MAX_MEDIUM} bytes: current length is ${length}`,
  );
}
