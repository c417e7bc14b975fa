/**
 * Decodes the WebSocket frames of a server.
 *
 * @module
 */

import { concatenate } from "./frames.ts";

/** The types of frames that the tools read. */
export const Opcode = { TEXT: 0x1, CLOSE: 0x8, PING: 0x9 } as const;

/** A frame of a server. */
export class Frame {
  readonly opcode: number;
  readonly payload: Uint8Array;

  constructor(opcode: number, payload: Uint8Array) {
    this.opcode = opcode;
    this.payload = payload;
  }

  /** Whether this is a Close frame */
  get isClose(): boolean {
    return this.opcode === Opcode.CLOSE;
  }

  /** The payload as a string */
  get text(): string {
    return new TextDecoder().decode(this.payload);
  }

  /** The code of a Close frame; 1005 without one (RFC 6455, section 7.1.5) */
  get closeCode(): number {
    return this.payload.length < 2 ? 1005 : uint16(this.payload, 0);
  }
}

/** Splits a stream of bytes into frames. */
export class FrameReader {
  #rest = new Uint8Array();

  /** Adds a chunk, and returns the frames that it completes. */
  read(chunk: Uint8Array): Frame[] {
    const bytes = concatenate([this.#rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (true) {
      const range = payloadRange(bytes, at);
      if (range === undefined || range.end > bytes.length) break;
      const payload = bytes.slice(range.start, range.end);
      frames.push(new Frame(byteAt(bytes, at) & 0x0f, payload));
      at = range.end;
    }
    this.#rest = bytes.slice(at);
    return frames;
  }
}

/** Returns the range of the payload; `undefined` while the header is incomplete. */
function payloadRange(
  bytes: Uint8Array,
  at: number,
): { readonly start: number; readonly end: number } | undefined {
  if (bytes.length < at + 2) return undefined;
  const short = byteAt(bytes, at + 1) & 0x7f;
  const header = short === 127 ? 10 : short === 126 ? 4 : 2;
  const start = at + header;
  if (bytes.length < start) return undefined;
  if (short === 126) return { start, end: start + uint16(bytes, at + 2) };
  if (short === 127) return { start, end: start + uint32(bytes, at + 6) };
  return { start, end: start + short };
}

function uint16(bytes: Uint8Array, at: number): number {
  return byteAt(bytes, at) * 256 + byteAt(bytes, at + 1);
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 65_536 + uint16(bytes, at + 2);
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
