/**
 * The messages of one tick to NATS. The client encodes each message by itself, which needs more
 * CPU than everything else about it. Here, all of them are encoded and written at once.
 *
 * @module
 */

import { byteLength } from "../common/text.ts";
import type { OpenConnection } from "./nats_dial.ts";
import { limitOf } from "./nats_errors.ts";
import { tooLarge } from "./too_large.ts";

/** The headers of a message. Names and values have no line breaks. */
export type Headers = Readonly<Record<string, string>>;

/** What a message can have besides its subject and its payload. */
export interface NatsMessageOptions {
  /** The subject for the reply */
  readonly reply?: string | undefined;
  readonly headers?: Headers | undefined;
}

/** The longest part of a tick that is encoded at once, in UTF-16 units. */
const MAX_UNITS = 262_144;

/** The messages of one tick, over one connection. */
export class NatsOutbox {
  readonly #client: OpenConnection["client"];
  #text = "";

  /** Constructs an empty `NatsOutbox`. */
  constructor({ client }: Pick<OpenConnection, "client">) {
    this.#client = client;
  }

  /** The length of the messages that were not written, in UTF-16 units */
  get units(): number {
    return this.#text.length;
  }

  /**
   * Adds a message.
   *
   * @throws {RangeError} If it is too large for NATS
   * @throws {Error} If its subject is invalid, or the client has closed
   */
  add(subject: string, payload: string, options: NatsMessageOptions): void {
    const text = encode(subject, payload, options, this.#maxLength);
    if (this.#text === "") queueMicrotask(() => this.write());
    this.#text += text;
    if (this.units > MAX_UNITS) this.write();
  }

  /** Writes the messages now, because something else follows them. */
  write(): void {
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    this.#client.protocol.sendCommand(text);
  }

  get #maxLength(): number {
    const { info } = this.#client;
    if (info === undefined || this.#client.isClosed()) {
      throw new Error("the connection is closed");
    }
    return info.max_payload;
  }
}

/** Encodes a message as the protocol of NATS defines it. */
function encode(
  subject: string,
  payload: string,
  { reply, headers }: NatsMessageOptions,
  maxLength: number,
): string {
  const head = headers === undefined ? "" : encodeHeaders(headers);
  // A length that is wrong would make NATS read a part of the payload as a command.
  const body = payload.toWellFormed();
  const headLength = byteLength(head);
  const length = headLength + byteLength(body);
  if (length > maxLength) throw tooLarge(length, limitOf(maxLength));
  const target = targetOf(subject, reply);
  return head === ""
    ? `PUB ${target} ${length}\r\n${body}\r\n`
    : `HPUB ${target} ${headLength} ${length}\r\n${head}${body}\r\n`;
}

/** Where a message goes, and where its reply goes. A space would begin another word. */
function targetOf(subject: string, reply: string | undefined): string {
  const isValid = isWord(subject) && (reply === undefined || isWord(reply));
  if (!isValid) throw new Error("the subject is invalid");
  return reply === undefined ? subject : `${subject} ${reply}`;
}

function isWord(text: string): boolean {
  return /^\S+$/.test(text);
}

function encodeHeaders(fields: Headers): string {
  let text = "NATS/1.0\r\n";
  for (const name in fields) text += `${name}: ${fields[name]}\r\n`;
  return `${text}\r\n`;
}
