/**
 * A WebSocket client that can send what no decent client would: RFC 6455, section 5.
 * What it writes leaves in one go, and what comes is handed out frame by frame.
 *
 * @module
 */

/** The kinds of frames. */
export const Opcode = {
  CONTINUATION: 0x0,
  TEXT: 0x1,
  BINARY: 0x2,
  CLOSE: 0x8,
  PING: 0x9,
  PONG: 0xa,
} as const;

/** What a frame is like, if not a whole and decent text. */
export interface FrameOptions {
  /** The kind of frame, `Opcode.TEXT` if left out; those that are reserved, too */
  readonly opcode?: number | undefined;
  /** Whether the message ends with it; `true` if left out */
  readonly fin?: boolean | undefined;
  /** The three reserved bits, from 0 to 7; 0 if left out */
  readonly reserved?: number | undefined;
  /** Four bytes; zeros, which change nothing, if left out; `null` for no mask at all */
  readonly mask?: readonly number[] | null | undefined;
  /** The length to state in place of the true one, in bytes */
  readonly length?: number | undefined;
}

/** A frame of the server. */
export interface ServerFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** The server answered the request for a WebSocket otherwise. */
export class UpgradeRefused extends Error {
  override name = "UpgradeRefused";
  readonly status: number;
  /** The head of the answer, as it came */
  readonly head: string;

  constructor(head: string) {
    super(`the upgrade was refused: ${head.split("\r\n", 1)[0]}`);
    this.status = Number(head.split(" ", 2)[1]);
    this.head = head;
  }
}

/** A connection to a server. */
export class RawSocket implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #chunk = new Uint8Array(65_536);
  #unread = new Uint8Array(0);
  #closed = false;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    connection.setNoDelay(true);
  }

  /**
   * Opens a WebSocket.
   *
   * @throws {UpgradeRefused} If the server answers with another status than 101
   */
  static async open(
    port: number,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawSocket> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const socket = new RawSocket(connection);
    try {
      await socket.#upgrade({ host: `127.0.0.1:${port}`, ...headers });
    } catch (error) {
      socket.close();
      throw error;
    }
    return socket;
  }

  /** Writes all of it; once the connection is over, none. */
  async send(bytes: Uint8Array): Promise<void> {
    try {
      for (let sent = 0; sent < bytes.length && !this.#closed;) {
        sent += await this.#connection.write(bytes.subarray(sent));
      }
    } catch {
      // Whoever reads learns that the connection is over.
    }
  }

  /** The next frame, or `null` once the connection is over. */
  async next(): Promise<ServerFrame | null> {
    for (;;) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      if (!await this.#read()) return null;
    }
  }

  /** Says that nothing more will come. */
  async finish(): Promise<void> {
    await this.#connection.closeWrite().catch(() => {});
  }

  /** Leaves without a word; with something unread, TCP resets the connection. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #upgrade(headers: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries({
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-version": "13",
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = `GET /hoist HTTP/1.1\r\n${lines.join("")}\r\n`;
    await this.send(new TextEncoder().encode(request));
    const head = await this.#readHead();
    if (!head.startsWith("HTTP/1.1 101 ")) throw new UpgradeRefused(head);
  }

  async #readHead(): Promise<string> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#unread);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#unread = this.#unread.slice(end + 4);
        return text.slice(0, end);
      }
      if (!await this.#read()) return text;
    }
  }

  /** Whether something came. */
  async #read(): Promise<boolean> {
    if (this.#closed) return false;
    const count = await this.#connection.read(this.#chunk).catch(() => null);
    if (count === null) return false;
    this.#unread = joinBytes([this.#unread, this.#chunk.subarray(0, count)]);
    return true;
  }

  #take(): ServerFrame | undefined {
    const bytes = this.#unread;
    const [first, second] = bytes;
    if (first === undefined || second === undefined) return undefined;
    const [start, length] = extentOf(bytes, second & 0x7f);
    if (bytes.length < start + length) return undefined;
    this.#unread = bytes.subarray(start + length);
    const payload = bytes.slice(start, start + length);
    return { opcode: first & 0xf, fin: first >= 0x80, payload };
  }
}

/** A frame of a client. */
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

/** One after the other. */
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

/** Where the payload of a frame starts and how long it is; far away if unknown yet. */
function extentOf(
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
