/**
 * Decodes the WebSocket frames of a server: RFC 6455, section 5.
 *
 * @module
 */

import { isControl, Opcode } from "./opcodes.ts";

/** The content of a message: a string, or the bytes of a binary message */
export type MessageData = string | Uint8Array<ArrayBuffer>;

/** Receives what a server sends. */
export interface FrameEvents {
  /** Called with each complete message. */
  onMessage(data: MessageData): void;
  /** Called with the payload of each Ping frame, which is valid during the call only. */
  onPing(payload: Uint8Array): void;
  /** Called with the Close frame. The code is 1005 if the frame has none. */
  onClose(code: number, reason: string): void;
}

/** A server has broken a rule, and the connection has to be closed. */
export class FrameError extends Error {
  override readonly name: string = "FrameError";
  /** The close code: RFC 6455, section 7.4.1 */
  readonly code: number;

  /**
   * Constructs a `FrameError`.
   *
   * @param code The close code
   * @param message What the server did, as a clause such as "the server sent a masked frame"
   */
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const PROTOCOL_ERROR = 1002;
const NO_CODE = 1005;
const INVALID_DATA = 1007;
const TOO_BIG = 1009;

const FINAL = 0x80;
const MASKED = 0x80;
const RESERVED = 0x70;

/** The longest header of a frame without a mask, in bytes. */
const MAX_HEADER = 10;

/** The longest payload of a control frame, in bytes: RFC 6455, section 5.5. */
const MAX_CONTROL = 125;

/** A byte order mark is a part of the message, as in browsers. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Deno needs 0.14 ms with this one for 64 KiB, and 0.02 ms with the other one. */
const strictDecoder = new TextDecoder("utf-8", {
  fatal: true,
  ignoreBOM: true,
});

/** What a decoder returns in place of an invalid byte, and for its own encoding */
const REPLACEMENT = "\ufffd";

/** Decodes the frames of one connection, which arrive in chunks of any length. */
export class FrameReader {
  readonly #maxPayload: number;
  readonly #events: FrameEvents;
  readonly #header = new Uint8Array(MAX_HEADER);
  #headerLength = 0;
  /** The opcode of the current frame */
  #opcode = 0;
  #isFinal = false;
  /** The bytes of the current frame that have not arrived; -1 between two frames */
  #missing = -1;
  /** The opcode of the current message; `undefined` between two messages */
  #kind: number | undefined;
  readonly #message = new ByteBuffer();
  readonly #control = new ByteBuffer();
  #isStopped = false;

  /**
   * Constructs a `FrameReader`.
   *
   * @param maxPayload The maximum length of a message, in bytes
   * @param events Receives what the server sends
   */
  constructor(maxPayload: number, events: FrameEvents) {
    this.#maxPayload = maxPayload;
    this.#events = events;
  }

  /**
   * Decodes the next bytes. Ignores them after a Close frame, and after `stop()`.
   *
   * @throws {FrameError} If the server has broken a rule
   */
  read(chunk: Uint8Array<ArrayBuffer>): void {
    let at = 0;
    while (at < chunk.length && !this.#isStopped) {
      at = this.#missing < 0
        ? this.#readHeader(chunk, at)
        : this.#readPayload(chunk, at);
    }
  }

  /** Ignores everything that follows, also the rest of the chunk that is being read. */
  stop(): void {
    this.#isStopped = true;
  }

  #readHeader(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length) {
      this.#header[this.#headerLength++] = chunk[at++]!;
      if (this.#headerLength < 2) continue;
      if (this.#headerLength === 2) this.#onOpcode();
      if (this.#headerLength < headerLength(this.#header[1]!)) continue;
      this.#headerLength = 0;
      this.#onLength(payloadLength(this.#header));
      break;
    }
    return at;
  }

  /** Checks the first two bytes of a frame. */
  #onOpcode(): void {
    const [first = 0, second = 0] = this.#header;
    this.#opcode = first & 0xf;
    this.#isFinal = (first & FINAL) !== 0;
    if ((first & RESERVED) !== 0) {
      throw violation("a frame with a reserved bit");
    }
    if ((second & MASKED) !== 0) throw violation("a masked frame");
    if (isControl(this.#opcode)) this.#checkControl(second);
    else this.#checkData();
  }

  #checkControl(length: number): void {
    if (this.#opcode > Opcode.PONG) throw unknownOpcode(this.#opcode);
    if (!this.#isFinal) throw violation("a fragmented control frame");
    if (length > MAX_CONTROL) {
      throw violation("a control frame that is too long");
    }
  }

  #checkData(): void {
    const isContinuation = this.#opcode === Opcode.CONTINUATION;
    if (this.#opcode > Opcode.BINARY) throw unknownOpcode(this.#opcode);
    if (isContinuation !== (this.#kind !== undefined)) {
      throw violation(
        isContinuation
          ? "a continuation frame without a message"
          : "a message within another message",
      );
    }
    this.#kind ??= this.#opcode;
  }

  /** Checks the length before the payload arrives. */
  #onLength(length: number): void {
    const isData = !isControl(this.#opcode);
    if (isData && this.#message.length + length > this.#maxPayload) {
      throw tooBig(this.#maxPayload);
    }
    this.#missing = length;
    if (length === 0) this.#onPayload();
  }

  #readPayload(chunk: Uint8Array<ArrayBuffer>, start: number): number {
    const end = Math.min(start + this.#missing, chunk.length);
    const part = chunk.subarray(start, end);
    this.#missing -= part.length;
    // Most messages arrive in one chunk, and need no copy.
    if (this.#missing === 0 && this.#isWhole) {
      this.#onPayload(part);
    } else this.#collect(part);
    return end;
  }

  /** Whether nothing of the current message or control frame was collected before. */
  get #isWhole(): boolean {
    return isControl(this.#opcode)
      ? this.#control.length === 0
      : this.#isFinal && this.#message.length === 0;
  }

  #collect(part: Uint8Array): void {
    const buffer = isControl(this.#opcode) ? this.#control : this.#message;
    buffer.append(part);
    if (this.#missing === 0) this.#onPayload();
  }

  /** Called at the end of each frame, with its payload unless it was collected. */
  #onPayload(whole?: Uint8Array<ArrayBuffer>): void {
    this.#missing = -1;
    if (isControl(this.#opcode)) {
      return this.#onControl(whole ?? this.#control.take());
    }
    if (!this.#isFinal) return;
    const kind = this.#kind;
    this.#kind = undefined;
    const payload = whole ?? this.#message.take();
    this.#events.onMessage(
      // The caller uses the chunk again.
      kind === Opcode.BINARY ? payload.slice() : decode(payload),
    );
  }

  #onControl(payload: Uint8Array): void {
    if (this.#opcode === Opcode.PING) return this.#events.onPing(payload);
    if (this.#opcode !== Opcode.CLOSE) return;
    this.#isStopped = true;
    this.#events.onClose(closeCode(payload), decode(payload.subarray(2)));
  }
}

function decode(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  if (!text.includes(REPLACEMENT)) return text;
  try {
    return strictDecoder.decode(bytes);
  } catch {
    throw new FrameError(INVALID_DATA, "the server sent invalid UTF-8");
  }
}

const EMPTY = new Uint8Array(0);

/** Collects bytes in an array that grows with what arrives, not with what is announced. */
class ByteBuffer {
  #bytes = new Uint8Array(0);
  /** The number of bytes */
  length = 0;

  append(part: Uint8Array): void {
    const length = this.length + part.length;
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(part, this.length);
    this.length = length;
  }

  /** Returns all bytes, and removes them. */
  take(): Uint8Array<ArrayBuffer> {
    // A server can send millions of empty frames, and each array takes time.
    if (this.length === 0) return EMPTY;
    const taken = this.#bytes.subarray(0, this.length);
    this.#bytes = new Uint8Array(0);
    this.length = 0;
    return taken;
  }

  #grow(length: number): void {
    const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }
}

/** Returns the length of the header of a frame without a mask. */
function headerLength(second: number): number {
  return second < 126 ? 2 : second === 126 ? 4 : MAX_HEADER;
}

/** Returns the length of the payload, which must be encoded in as few bytes as possible. */
function payloadLength(header: Uint8Array<ArrayBuffer>): number {
  const [, short = 0] = header;
  if (short < 126) return short;
  const view = new DataView(header.buffer);
  const isMedium = short === 126;
  // The highest bit must be 0, and no message can be that long.
  const length = isMedium
    ? view.getUint16(2)
    : view.getUint32(2) * 2 ** 32 + view.getUint32(6);
  if (length < (isMedium ? 126 : 65_536) || length >= 2 ** 63) {
    throw violation("a frame with an invalid length");
  }
  return length;
}

/** Returns the code of a Close frame: RFC 6455, section 7.4, and the registry of IANA. */
function closeCode(payload: Uint8Array): number {
  if (payload.length === 0) return NO_CODE;
  const [high = 0, low = 0] = payload;
  const code = high * 256 + low;
  if (payload.length === 1 || !isCloseCode(code)) {
    throw violation("a Close frame with an invalid code");
  }
  return code;
}

function isCloseCode(code: number): boolean {
  return code >= 1_000 && code <= 1_003 || code >= 1_007 && code <= 1_014 ||
    code >= 3_000 && code <= 4_999;
}

function violation(what: string): FrameError {
  return new FrameError(PROTOCOL_ERROR, `the server sent ${what}`);
}

function unknownOpcode(opcode: number): FrameError {
  return violation(`a frame with the unknown opcode ${opcode}`);
}

/** Returns the error for a message that is larger than the client accepts. */
function tooBig(maxPayload: number): FrameError {
  return new FrameError(
    TOO_BIG,
    `a frame of the server was larger than 'maxPayload', ${maxPayload} bytes`,
  );
}
