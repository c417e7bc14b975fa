/**
 * WebSocket frames as bytes: RFC 6455, section 5. Tests can encode invalid frames.
 *
 * @module
 */

/** The opcodes of frames. */
export const Opcode = {
  CONTINUATION: 0x0,
  TEXT: 0x1,
  BINARY: 0x2,
  CLOSE: 0x8,
  PING: 0x9,
  PONG: 0xa,
} as const;

/** Options of `encodeFrame`. The default is a complete, masked text frame. */
export interface FrameOptions {
  /** The opcode, which can be a reserved one. The default is `Opcode.TEXT`. */
  readonly opcode?: number | undefined;
  /** Whether this is the last frame of its message. The default is `true`. */
  readonly fin?: boolean | undefined;
  /** The three reserved bits, from 0 to 7. The default is 0. */
  readonly reserved?: number | undefined;
  /** The four bytes of the mask, or `null` for no mask. The default is zeros. */
  readonly mask?: readonly number[] | null | undefined;
  /** The length in the header, in bytes. The default is the length of the payload. */
  readonly length?: number | undefined;
}

/** A frame of the server. */
export interface ServerFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** A frame of a client. The payload is not masked any more. */
export interface ClientFrame extends ServerFrame {
  /** The first byte, which contains the reserved bits */
  readonly first: number;
  /** The masking key; empty if the frame is not masked */
  readonly key: Uint8Array<ArrayBuffer>;
}

/** Returns the bytes of a frame of a client. */
export function encodeFrame(
  payload: string | Uint8Array,
  options: FrameOptions = {},
): Uint8Array<ArrayBuffer> {
  const { opcode = Opcode.TEXT, fin = true, reserved = 0 } = options;
  const { mask = [0, 0, 0, 0] } = options;
  const bytes = typeof payload === "string"
    ? new TextEncoder().encode(payload)
    : payload;
  const length = lengthBytes(options.length ?? bytes.length);
  if (mask !== null) length[0]! |= 0x80;
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const frame = joinBytes([[first, ...length, ...mask ?? []], bytes]);
  if (mask !== null) applyMask(frame.subarray(-bytes.length || Infinity), mask);
  return frame;
}

/** Reads the first frame of the server, or returns `undefined` if it is incomplete. */
export function decodeFrame(
  bytes: Uint8Array<ArrayBuffer>,
): readonly [frame: ServerFrame, rest: Uint8Array<ArrayBuffer>] | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const [start, length] = payloadRange(bytes, second & 0x7f);
  if (bytes.length < start + length) return undefined;
  const payload = bytes.slice(start, start + length);
  const frame = { opcode: first & 0xf, fin: first >= 0x80, payload };
  return [frame, bytes.subarray(start + length)];
}

/** Reads the first frame of a client, or returns `undefined` if it is incomplete. */
export function decodeClientFrame(
  bytes: Uint8Array<ArrayBuffer>,
): readonly [frame: ClientFrame, rest: Uint8Array<ArrayBuffer>] | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const [keyStart, length] = payloadRange(bytes, second & 0x7f);
  const start = keyStart + (second >= 0x80 ? 4 : 0);
  if (bytes.length < start + length) return undefined;
  const key = bytes.slice(keyStart, start);
  const payload = bytes.slice(start, start + length);
  if (key.length > 0) applyMask(payload, [...key]);
  const frame = {
    first,
    opcode: first & 0xf,
    fin: first >= 0x80,
    payload,
    key,
  };
  return [frame, bytes.subarray(start + length)];
}

/** Concatenates bytes. */
export function joinBytes(
  parts: readonly ArrayLike<number>[],
): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function applyMask(bytes: Uint8Array, mask: readonly number[]): void {
  for (let index = 0; index < bytes.length; index++) {
    bytes[index]! ^= mask[index % 4]!;
  }
}

function lengthBytes(length: number): number[] {
  if (length < 126) return [length];
  const isMedium = length < 65_536;
  const bytes = new Uint8Array(9);
  new DataView(bytes.buffer).setBigUint64(1, BigInt(length));
  return isMedium ? [126, ...bytes.subarray(7)] : [127, ...bytes.subarray(1)];
}

/** Returns the start and the length of the payload. An incomplete header has length 0. */
function payloadRange(
  bytes: Uint8Array<ArrayBuffer>,
  short: number,
): readonly [start: number, length: number] {
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return [start, 0];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (start === 2) return [start, short];
  return [
    start,
    start === 4 ? view.getUint16(2) : Number(view.getBigUint64(2)),
  ];
}
