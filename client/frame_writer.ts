/**
 * Encodes the WebSocket frames of a client: RFC 6455, section 5.
 *
 * @module
 */

import { Opcode } from "./opcodes.ts";

/** The longest header of a masked frame, in bytes. */
const MAX_HEADER = 14;

/** By how much the header of a string can grow because the string is not ASCII, in bytes. */
const MAX_GROWTH = 6;

const MASK_BIT = 0x80;

const FINAL = 0x80;

/** The first size of the buffer, in bytes. */
const MIN_CAPACITY = 1_024;

/** A larger buffer is not kept for the next frames, in bytes. */
const MAX_KEPT = 262_144;

/** The size of the pool of random bytes, so that few frames need a call of the runtime. */
const POOL_SIZE = 4_096;

/** The longest reason of a Close frame, in bytes: RFC 6455, section 5.5. */
const MAX_REASON = 123;

const encoder = new TextEncoder();

/** Memory that frames are written into, as bytes and as words */
interface Space {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
}

/** Encodes frames one after the other into one buffer, so that one write sends them all. */
export class FrameWriter {
  #space = allocate(0);
  /** The memory of the frames that were taken last, which is used again */
  #spare = this.#space;
  #length = 0;

  /** The length of the frames that wait, in bytes */
  get length(): number {
    return this.#length;
  }

  /** Adds a text frame. */
  text(data: string): void {
    const guess = headerLength(data.length);
    const length = this.#encode(data, this.#length + guess);
    const header = headerLength(length);
    // A string that is not ASCII can need a longer header.
    if (header !== guess) {
      const start = this.#length + guess;
      const { bytes } = this.#space;
      bytes.copyWithin(this.#length + header, start, start + length);
    }
    this.#finish(Opcode.TEXT, header, length);
  }

  /** Adds a control frame, whose payload has at most 125 bytes. */
  control(opcode: number, payload: Uint8Array): void {
    const header = headerLength(payload.length);
    this.#reserve(this.#length + header + payload.length);
    this.#space.bytes.set(payload, this.#length + header);
    this.#finish(opcode, header, payload.length);
  }

  /**
   * Returns the frames that wait, and removes them. The bytes stay the same until the next
   * call, which must therefore not come before they are written.
   */
  take(): Uint8Array {
    const space = this.#space;
    const taken = space.bytes.subarray(0, this.#length);
    this.#space = this.#spare;
    this.#spare = space.bytes.length > MAX_KEPT ? allocate(0) : space;
    this.#length = 0;
    return taken;
  }

  /** Encodes a string as UTF-8, and returns its length in bytes. */
  #encode(data: string, start: number): number {
    // Most strings are ASCII. With three bytes for each unit, every string fits.
    this.#reserve(start + data.length + MAX_HEADER);
    const first = this.#encodeInto(data, start);
    if (first.read === data.length) return first.written;
    const rest = data.slice(first.read);
    const end = start + first.written;
    this.#reserve(end + 3 * rest.length + MAX_HEADER, end);
    return first.written + this.#encodeInto(rest, end).written;
  }

  /** Leaves enough space to move the payload behind a longer header. */
  #encodeInto(data: string, start: number): TextEncoderEncodeIntoResult {
    const free = this.#space.bytes.subarray(start, -MAX_GROWTH);
    return encoder.encodeInto(data, free);
  }

  /** Writes the header in front of a payload, and masks the payload. */
  #finish(opcode: number, header: number, length: number): void {
    const { bytes } = this.#space;
    const start = this.#length;
    const payload = start + header;
    bytes[start] = FINAL | opcode;
    writeLength(bytes, start + 1, header, length);
    nextKey();
    bytes.set(key, payload - key.length);
    applyMask(this.#space, payload, payload + length);
    this.#length = payload + length;
  }

  /** Grows the buffer to `capacity` bytes, and keeps the first `used` ones. */
  #reserve(capacity: number, used = this.#length): void {
    const { bytes } = this.#space;
    if (capacity <= bytes.length) return;
    this.#space = allocate(Math.max(capacity, 2 * bytes.length, MIN_CAPACITY));
    this.#space.bytes.set(bytes.subarray(0, used));
  }
}

function allocate(capacity: number): Space {
  const bytes = new Uint8Array((capacity + 3) & ~3);
  return { bytes, words: new Uint32Array(bytes.buffer) };
}

/**
 * Returns the payload of a Close frame: RFC 6455, section 5.5.1.
 *
 * @throws {RangeError} If the reason is longer than 123 bytes
 */
export function encodeClose(code?: number, reason = ""): Uint8Array {
  const bytes = encoder.encode(reason);
  if (bytes.length > MAX_REASON) {
    throw new RangeError(
      `Cannot close the WebSocket: the reason must be at most ${MAX_REASON} bytes long.`,
    );
  }
  if (code === undefined) return new Uint8Array(0);
  return Uint8Array.of(code >> 8, code & 0xff, ...bytes);
}

/** Returns the length of the header of a masked frame. */
function headerLength(length: number): number {
  return length < 126 ? 6 : length < 65_536 ? 8 : MAX_HEADER;
}

function writeLength(
  bytes: Uint8Array,
  at: number,
  header: number,
  length: number,
): void {
  bytes[at] = MASK_BIT | (header === 6 ? length : header === 8 ? 126 : 127);
  let rest = length;
  for (let last = at + header - 6; last > at; last--) {
    bytes[last] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

const pool = new Uint8Array(POOL_SIZE);
let used = POOL_SIZE;

/** The current masking key */
const key = new Uint8Array(4);

/** The current masking key, as it applies to words */
const wordKey = new Uint8Array(4);
const wordKeys = new Uint32Array(wordKey.buffer);

/** Chooses a masking key that nobody can predict: RFC 6455, section 5.3. */
function nextKey(): void {
  if (used === POOL_SIZE) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  for (let at = 0; at < 4; at++) key[at] = pool[used++]!;
}

/** Masks a payload in place, and most of it in words. */
function applyMask({ bytes, words }: Space, start: number, end: number): void {
  const first = Math.min((start + 3) & ~3, end);
  const last = Math.max(end & ~3, first);
  maskBytes(bytes, start, first, 0);
  maskWords(words, first / 4, last / 4, first - start);
  maskBytes(bytes, last, end, last - start);
}

/** Masks bytes. The first one is the byte `offset` of the payload. */
function maskBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
): void {
  for (let at = start; at < end; at++) {
    bytes[at]! ^= key[(at - start + offset) & 3]!;
  }
}

/** Masks words. The first one begins at the byte `offset` of the payload. */
function maskWords(
  words: Uint32Array,
  start: number,
  end: number,
  offset: number,
): void {
  for (let at = 0; at < 4; at++) wordKey[at] = key[(at + offset) & 3]!;
  const mask = wordKeys[0]!;
  for (let at = start; at < end; at++) words[at]! ^= mask;
}
