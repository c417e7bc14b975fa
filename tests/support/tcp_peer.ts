/** A WebSocket client on top of TCP, which controls and sees every byte. */

import {
  decodeFrame,
  encodeFrame,
  joinBytes,
  Opcode,
  type ServerFrame,
} from "./websocket_frames.ts";

/** A server of this package, or the server in which it is mounted. */
export interface Addressed {
  readonly addr: Pick<Deno.NetAddr, "port">;
}

/** A response to an HTTP request. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The headers of a handshake: RFC 6455, section 4.1. */
export const UPGRADE: readonly string[] = [
  "Host: localhost",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
];

/** Returns the bytes of an HTTP request, by default of a handshake. */
export function encodeRequest(
  headers: readonly string[] = UPGRADE,
  path = "/hoist",
): Uint8Array<ArrayBuffer> {
  const lines = [`GET ${path} HTTP/1.1`, ...headers, "", ""];
  return new TextEncoder().encode(lines.join("\r\n"));
}

/** A TCP connection to a server. It reads only when a method is called. */
export class TcpPeer implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #chunk = new Uint8Array(65_536);
  #unread = new Uint8Array(0);
  #isClosed = false;
  /** The response to the handshake */
  response: HttpResponse = { status: 0, headers: new Headers(), body: "" };

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    connection.setNoDelay(true);
  }

  /** Opens a connection without sending a request. */
  static async connect({ addr }: Addressed): Promise<TcpPeer> {
    const { port } = addr;
    return new TcpPeer(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends a request, by default a handshake, and reads the response. */
  static async open(
    server: Addressed,
    headers: readonly string[] = [],
    { path = "/hoist", standard = UPGRADE } = {},
  ): Promise<TcpPeer> {
    const peer = await TcpPeer.connect(server);
    await peer.write(encodeRequest([...standard, ...headers], path));
    peer.response = await peer.#readResponse();
    return peer;
  }

  /** Opens a WebSocket and logs in. Without features, it is a Hoist 1 client. */
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

  /** Sends bytes unchanged. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      rest = rest.subarray(await this.#connection.write(rest));
    }
  }

  /** Sends a value as JSON in a text frame. */
  async send(value: unknown): Promise<void> {
    await this.write(encodeFrame(JSON.stringify(value)));
  }

  /** Resolves to the next frame, or to `null` at the end of the connection. */
  async frame(): Promise<ServerFrame | null> {
    for (;;) {
      const decoded = decodeFrame(this.#unread);
      if (decoded !== undefined) {
        const [frame, rest] = decoded;
        this.#unread = rest;
        return frame;
      }
      if (!await this.#read()) return null;
    }
  }

  /**
   * Resolves to the next frame that is no Ping frame, or to `null` at the end of the connection.
   * Deno sends Ping frames after 15 seconds, and closes the connection if nobody answers.
   */
  async answeringFrame(): Promise<ServerFrame | null> {
    for (;;) {
      const frame = await this.frame();
      if (frame?.opcode !== Opcode.PING) return frame;
      const pong = encodeFrame("", { opcode: Opcode.PONG });
      await this.write(pong).catch(() => {});
    }
  }

  /** Resolves to the JSON value of the next frame. */
  // deno-lint-ignore no-explicit-any -- tests read any property
  async next(): Promise<any> {
    const frame = await this.answeringFrame();
    if (frame?.opcode === Opcode.TEXT) {
      return JSON.parse(new TextDecoder().decode(frame.payload));
    }
    throw new Error(`Expected a text frame: ${frame?.opcode ?? "the end"}`);
  }

  /** Resolves to the Close frame, or to `undefined` if the connection ends without one. */
  async closed(): Promise<{ code: number; reason: string } | undefined> {
    for (;;) {
      const frame = await this.frame();
      if (frame === null) return undefined;
      if (frame.opcode === Opcode.CLOSE) return closeInfo(frame.payload);
    }
  }

  /** Ends the sending side of the connection. */
  async finish(): Promise<void> {
    await this.#connection.closeWrite().catch(() => {});
  }

  /** Closes the TCP connection without a Close frame. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
  }

  async #readResponse(): Promise<HttpResponse> {
    const head = await this.#readHead();
    const [statusLine = "", ...lines] = head.split("\r\n");
    const headers = new Headers(
      lines.map((line) => line.split(": ", 2) as [string, string]),
    );
    const length = Number(headers.get("content-length") ?? 0);
    while (this.#unread.length < length && await this.#read());
    const body = new TextDecoder().decode(this.#unread.subarray(0, length));
    this.#unread = this.#unread.slice(length);
    return { status: Number(statusLine.split(" ")[1]), headers, body };
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

  /** Reads more bytes and returns `false` at the end of the connection. */
  async #read(): Promise<boolean> {
    if (this.#isClosed) return false;
    // A client that still sends when the server closes gets a reset instead of an end.
    const count = await this.#connection.read(this.#chunk).catch(() => null);
    if (count === null) return false;
    this.#unread = joinBytes([this.#unread, this.#chunk.subarray(0, count)]);
    return true;
  }
}

function closeInfo(payload: Uint8Array): { code: number; reason: string } {
  const [high = 0, low = 0, ...reason] = payload;
  return {
    code: high * 256 + low,
    reason: new TextDecoder().decode(new Uint8Array(reason)),
  };
}

/** Requests a WebSocket with these headers and returns the response. */
export async function requestUpgrade(
  server: Addressed,
  headers: readonly string[] = [],
): Promise<HttpResponse> {
  using peer = await TcpPeer.open(server, headers);
  return peer.response;
}
