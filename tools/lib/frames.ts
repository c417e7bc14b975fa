/**
 * Encodes the WebSocket frames of a client (RFC 6455, section 5.2).
 *
 * @module
 */

const FIN = 0x80;
const MASKED = 0x80;
const OPCODE_TEXT = 0x1;
const OPCODE_CLOSE = 0x8;
const OPCODE_PONG = 0xa;

/** The largest payload whose length fits into the second byte of the header. */
const MAX_SHORT = 125;
/** The largest payload whose length fits into two bytes. */
const MAX_MEDIUM = 0xffff;

/** Returns a text frame. */
export function textFrame(text: string): Uint8Array {
  return maskedFrame(OPCODE_TEXT, new TextEncoder().encode(text));
}

/** Returns a Close frame. */
export function closeFrame(code: number): Uint8Array {
  return maskedFrame(OPCODE_CLOSE, new Uint8Array([code >> 8, code & 0xff]));
}

/** Returns a Pong frame. */
export function pongFrame(payload: Uint8Array): Uint8Array {
  return maskedFrame(OPCODE_PONG, payload);
}

/** Joins byte arrays. */
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

// The mask is all zeros, so the payload stays as it is. For the server, the frame is
// like any other, and the load generator saves the work.
function maskedFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const header = [FIN | opcode, ...lengthBytes(payload.length), 0, 0, 0, 0];
  return concatenate([new Uint8Array(header), payload]);
}

function lengthBytes(length: number): number[] {
  if (length <= MAX_SHORT) return [MASKED | length];
  if (length <= MAX_MEDIUM) return [MASKED | 126, length >> 8, length & 0xff];
  throw new RangeError(
    `Cannot encode a frame: the payload has ${length} bytes, and the limit is ${MAX_MEDIUM} bytes.`,
  );
}
