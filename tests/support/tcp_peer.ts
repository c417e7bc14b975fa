/** Peers that speak bytes: they see and do what a WebSocket of the platform hides. */

/** What listens somewhere: a server of ours, or the one that it is mounted in. */
export interface Addressed {
  readonly addr: Deno.NetAddr;
}

/** What came over HTTP. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** A frame of the server: RFC 6455, section 5.2. */
export interface Frame {
  readonly opcode: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** What the first byte of a frame and its mask say, if not what they should. */
export interface FrameOptions {
  /** The opcode, 1 (text) if left out */
  readonly opcode?: number;
  /** Whether it is the last one of its message, true if left out */
  readonly last?: boolean;
  /** The three reserved bits as a number, 0 if left out */
  readonly reserved?: number;
  /** Whether it is masked, as a client has to, true if left out */
  readonly masked?: boolean;
  /** The length that the header claims, that of the payload if left out */
  readonly claimed?: number;
}

export const TEXT = 1;
export const CLOSE = 8;

/** The headers of a handshake: RFC 6455, section 4.1. */
export const UPGRADE: readonly string[] = [
  "Host: localhost",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of a frame of a client; the mask is of zeros. */
export function frameOf(
  content: string | Uint8Array,
  options: FrameOptions = {},
): Uint8Array<ArrayBuffer> {
  const { opcode = TEXT, last = true, reserved = 0, masked = true } = options;
  const payload = typeof content === "string"
    ? encoder.encode(content)
    : content;
  const length = options.claimed ?? payload.length;
  const mask = masked ? 0x80 : 0;
  const first = (last ? 0x80 : 0) | reserved << 4 | opcode;
  const head = length < 126
    ? [first, mask | length]
    : length < 2 ** 16
    ? [first, mask | 126, length >> 8, length & 0xff]
    : [first, mask | 127, 0, 0, 0, 0, ...bigEndian(length)];
  return new Uint8Array([...head, ...(masked ? [0, 0, 0, 0] : []), ...payload]);
}

function bigEndian(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
}

/** A peer that has asked for a WebSocket and reads only when it is told to. */
export class TcpPeer implements Disposable {
  readonly #connection: Deno.TcpConn;
  #bytes = new Uint8Array(0);
  /** What the server answered to the request */
  answer: HttpResponse = { status: 0, headers: new Headers(), body: "" };

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects and says nothing. */
  static async connect({ addr }: Addressed): Promise<TcpPeer> {
    const { port } = addr;
    return new TcpPeer(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Asks for something, for a WebSocket if nothing else is said. */
  static async open(
    server: Addressed,
    headers: readonly string[] = [],
    { path = "/hoist", standard = UPGRADE } = {},
  ): Promise<TcpPeer> {
    const peer = await TcpPeer.connect(server);
    const lines = [`GET ${path} HTTP/1.1`, ...standard, ...headers, "", ""];
    await peer.write(encoder.encode(lines.join("\r\n")));
    peer.answer = await peer.#readAnswer();
    return peer;
  }

  /** Opens a WebSocket and logs in; without features, as a client of Hoist 1 does. */
  static async logIn(
    server: Addressed,
    { token = "test", features, headers = [] }: {
      readonly token?: string;
      readonly features?: readonly string[] | undefined;
      readonly headers?: readonly string[];
    } = {},
  ): Promise<TcpPeer> {
    const peer = await TcpPeer.open(server, headers);
    await peer.send({ id: 0, token, version: "1.0.0", features });
    await peer.next();
    return peer;
  }

  /** Sends bytes as they are. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      rest = rest.subarray(await this.#connection.write(rest));
    }
  }

  /** Sends a value as JSON in a text frame. */
  async send(value: unknown): Promise<void> {
    await this.write(frameOf(JSON.stringify(value)));
  }

  /** The next frame, or `null` where the connection has ended. */
  async frame(): Promise<Frame | null> {
    const head = await this.#take(2);
    if (head === null) return null;
    const short = head[1]! & 0x7f;
    const length = short < 126
      ? short
      : await this.#takeLength(short === 126 ? 2 : 8);
    const payload = await this.#take(length);
    return payload && { opcode: head[0]! & 0x0f, payload };
  }

  /** The JSON value of the next frame. */
  // deno-lint-ignore no-explicit-any -- a test looks at any key
  async next(): Promise<any> {
    const frame = await this.frame();
    if (frame?.opcode === TEXT) {
      return JSON.parse(decoder.decode(frame.payload));
    }
    throw new Error(`Expected a text frame: ${frame?.opcode ?? "the end"}`);
  }

  /** Reads until the server closes; without a code if it does so without a word. */
  async closed(): Promise<{ code: number; reason: string } | undefined> {
    for (;;) {
      const frame = await this.frame();
      if (frame === null) return undefined;
      if (frame.opcode === CLOSE) return closeOf(frame.payload);
    }
  }

  /** Leaves without a word. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #readAnswer(): Promise<HttpResponse> {
    let head = "";
    while (!head.endsWith("\r\n\r\n")) {
      const byte = await this.#take(1);
      if (byte === null) break;
      head += decoder.decode(byte);
    }
    const [statusLine = "", ...lines] = head.trimEnd().split("\r\n");
    const headers = new Headers(
      lines.map((line) => line.split(": ", 2) as [string, string]),
    );
    const length = Number(headers.get("content-length") ?? 0);
    const body = decoder.decode(await this.#take(length) ?? undefined);
    return { status: Number(statusLine.split(" ")[1]), headers, body };
  }

  async #takeLength(size: number): Promise<number> {
    const bytes = await this.#take(size) ?? new Uint8Array();
    return bytes.reduce((length, byte) => length * 256 + byte, 0);
  }

  /** So many bytes, or `null` if the connection ends before. */
  async #take(count: number): Promise<Uint8Array<ArrayBuffer> | null> {
    while (this.#bytes.length < count) {
      if (!await this.#fill()) return null;
    }
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.slice(count);
    return taken;
  }

  async #fill(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    // Whoever is cut off while it still sends gets a reset instead of an end.
    const length = await this.#connection.read(buffer).catch(() => null);
    if (length === null) return false;
    const bytes = new Uint8Array(this.#bytes.length + length);
    bytes.set(this.#bytes);
    bytes.set(buffer.subarray(0, length), this.#bytes.length);
    this.#bytes = bytes;
    return true;
  }
}

function closeOf(payload: Uint8Array): { code: number; reason: string } {
  const [high = 0, low = 0, ...reason] = payload;
  return {
    code: high * 256 + low,
    reason: decoder.decode(new Uint8Array(reason)),
  };
}

/** What the server answers to who asks for a WebSocket with these headers. */
export async function requestUpgrade(
  server: Addressed,
  headers: readonly string[] = [],
): Promise<HttpResponse> {
  using peer = await TcpPeer.open(server, headers);
  return peer.answer;
}

/** A WebSocket that does nothing of its own accord. */
export async function openSilentPeer(server: Addressed): Promise<Deno.TcpConn> {
  const peer = await Deno.connect({
    hostname: "127.0.0.1",
    port: server.addr.port,
  });
  await peer.write(new TextEncoder().encode(
    "GET /hoist HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  ));
  await peer.read(new Uint8Array(1024));
  return peer;
}

/** A text frame of a client, masked with zeros: RFC 6455, section 5.2. */
export function maskedFrame(text: string): Uint8Array<ArrayBuffer> {
  const payload = new TextEncoder().encode(text);
  return new Uint8Array([0x81, 0x80 | payload.length, 0, 0, 0, 0, ...payload]);
}
