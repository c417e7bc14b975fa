/**
 * The messages in a stream, as NATS delivers them.
 *
 * @module
 */

import type { Msg, MsgImpl } from "./nats_client.ts";

/** The header with the check of a message, see broker/position.ts. */
export const CHECK = "Hoist-Check";

/** The header of a message that only marks the start of a history. */
export const START = "Hoist-Start";

/** A message in a stream. */
export interface StoredMessage {
  /** The number of the message in the stream, whose rooms share the numbers */
  readonly sequence: number;
  /**
   * The number of the message before it. In a live message, this is the message before it in
   * the room, and 0 if the room had none. Otherwise it means nothing
   */
  readonly previous: number;
  readonly check: string;
  /** Whether it only marks the start of a history */
  readonly isStart: boolean;
  /** The number of messages after it in the same answer */
  readonly pending: number;
  readonly payload: string;
}

/** The only version of headers that NATS has. */
const VERSION = "NATS/1.0";

/** What follows the headers. */
const END = "\r\n\r\n";

const DECODER = new TextDecoder();

/**
 * The headers of a message. The client of NATS parses all of them, although few are read, and
 * needs ten times the CPU.
 */
export class NatsHeaders {
  /** The headers and the payload */
  readonly #text: string;
  /** The length of the headers */
  readonly #length: number;

  /**
   * Constructs `NatsHeaders`.
   *
   * @param text The headers and the payload
   * @param length The length of the headers, without the empty line after them
   */
  constructor(text: string, length: number) {
    this.#text = text;
    this.#length = length;
  }

  /** The status of an answer; 0 if there is none */
  get code(): number {
    const [, code] = /^\S+ +(\d{1,3})/.exec(this.#text) ?? [];
    return Number(code ?? 0);
  }

  /** The payload of the message */
  get payload(): string {
    return this.#text.slice(this.#length + END.length);
  }

  /** Returns whether there is a header. */
  has(name: string): boolean {
    return this.#find(name) >= 0;
  }

  /** Returns the first header with a name; an empty string if there is none. */
  get(name: string): string {
    const start = this.#find(name);
    if (start < 0) return "";
    const end = this.#text.indexOf("\r\n", start);
    return this.#text.slice(start, end).trim();
  }

  /** Returns a header with a whole number. */
  number(name: string): number | undefined {
    const text = this.get(name);
    const number = Number(text);
    return /^\d+$/.test(text) && Number.isSafeInteger(number)
      ? number
      : undefined;
  }

  /** Returns where the value of a header begins; -1 if there is no such header. */
  #find(name: string): number {
    const start = this.#text.indexOf(`\r\n${name}:`);
    if (start < 0 || start >= this.#length) return -1;
    return start + name.length + 3;
  }
}

/**
 * Reads a message.
 *
 * @param message What NATS delivered
 * @returns The message; `undefined` if a program other than Hoist has sent it
 */
export function readStored(message: Msg): StoredMessage | undefined {
  const headers = headersOf(message);
  if (headers === undefined) return undefined;
  const sequence = headers.number("Nats-Sequence");
  const check = headers.get(CHECK);
  if (sequence === undefined || sequence === 0) return undefined;
  if (!/^[a-z0-9]{5}$/.test(check)) return undefined;
  return {
    ...{ sequence, check },
    previous: headers.number("Nats-Last-Sequence") ?? 0,
    isStart: headers.has(START),
    pending: headers.number("Nats-Num-Pending") ?? 0,
    payload: headers.payload,
  };
}

/** Reads the headers; `undefined` if there are none, or they are malformed. */
export function headersOf(message: Msg): NatsHeaders | undefined {
  // The public properties do not have the bytes of the headers.
  const { _msg: { hdr }, _rdata: bytes } = message as MsgImpl;
  if (hdr < 0) return undefined;
  const text = DECODER.decode(bytes);
  const length = text.indexOf(END);
  return length >= 0 && text.startsWith(VERSION)
    ? new NatsHeaders(text, length)
    : undefined;
}
