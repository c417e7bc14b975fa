/** A WebSocket server whose every byte a test controls. */

import { createHash } from "node:crypto";
import {
  type ClientFrame,
  decodeClientFrame,
  encodeFrame,
  type FrameOptions,
  joinBytes,
  Opcode,
} from "./websocket_frames.ts";

/** The request of a client, and its connection. */
export class ScriptedPeer implements Disposable {
  readonly #connection: Deno.Conn;
  readonly #chunk = new Uint8Array(65_536);
  #unread = new Uint8Array(0);
  #isClosed = false;
  /** The first line of the request */
  requestLine = "";
  /** The headers of the request */
  headers = new Headers();

  /** Constructs a `ScriptedPeer`. */
  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Reads the request. */
  async readRequest(): Promise<void> {
    const end = () => latin1(this.#unread).indexOf("\r\n\r\n");
    while (end() < 0) if (!await this.#read()) throw new Error("No request");
    const head = latin1(this.#unread).slice(0, end());
    const [line = "", ...lines] = head.split("\r\n");
    this.requestLine = line;
    for (const header of lines) {
      const colon = header.indexOf(":");
      this.headers.append(header.slice(0, colon), header.slice(colon + 1));
    }
    this.#unread = this.#unread.subarray(end() + 4);
  }

  /** The response that opens the WebSocket, with other headers. */
  response(changes: Readonly<Record<string, string | null>> = {}): string {
    const key = this.headers.get("sec-websocket-key") ?? "";
    const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const headers = {
      "Upgrade": "websocket",
      "Connection": "Upgrade",
      "Sec-WebSocket-Accept": createHash("sha1").update(key + guid).digest(
        "base64",
      ),
      ...changes,
    };
    const lines = Object.entries(headers).filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${value}`);
    return ["HTTP/1.1 101 Switching Protocols", ...lines, "", ""].join("\r\n");
  }

  /** Sends bytes, or a string as Latin-1. */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string"
      ? Uint8Array.from(data, (character) => character.charCodeAt(0))
      : data;
    for (let rest = bytes; rest.length > 0;) {
      rest = rest.subarray(await this.#connection.write(rest));
    }
  }

  /** Sends a frame without a mask. */
  async send(
    payload: string | Uint8Array,
    options: FrameOptions = {},
  ): Promise<void> {
    await this.write(encodeFrame(payload, { mask: null, ...options }));
  }

  /** Sends a Close frame. */
  async sendClose(code: number, reason = ""): Promise<void> {
    const bytes = new TextEncoder().encode(reason);
    const payload = Uint8Array.of(code >> 8, code & 0xff, ...bytes);
    await this.send(payload, { opcode: Opcode.CLOSE });
  }

  /** Resolves to the next frame, or to `null` at the end of the connection. */
  async frame(): Promise<ClientFrame | null> {
    for (;;) {
      const decoded = decodeClientFrame(this.#unread);
      if (decoded !== undefined) {
        this.#unread = decoded[1];
        return decoded[0];
      }
      if (!await this.#read()) return null;
    }
  }

  /** Resolves to the code and the reason of the next frame, which is a Close frame. */
  async closeFrame(): Promise<readonly [code: number, reason: string]> {
    const frame = await this.frame();
    if (frame?.opcode !== Opcode.CLOSE) throw new Error("No Close frame");
    const [high = 0, low = 0] = frame.payload;
    return [high * 256 + low, text(frame.payload.subarray(2))];
  }

  /** Resolves when the client has ended the connection. */
  async ended(): Promise<void> {
    while (await this.#read());
  }

  /** Ends the TCP connection. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
  }

  async #read(): Promise<boolean> {
    const count = await this.#connection.read(this.#chunk).catch(() => null);
    if (count === null) return false;
    this.#unread = joinBytes([this.#unread, this.#chunk.subarray(0, count)]);
    return true;
  }
}

/** Listens for WebSockets. */
export class ScriptedServer implements Disposable {
  readonly #listener: Deno.Listener;
  readonly #peers: ScriptedPeer[] = [];

  /** Constructs a `ScriptedServer`, which listens with TLS if there is a certificate. */
  constructor(certificate?: { readonly cert: string; readonly key: string }) {
    const address = { hostname: "127.0.0.1", port: 0 };
    this.#listener = certificate === undefined
      ? Deno.listen(address)
      : Deno.listenTls({ ...address, ...certificate });
  }

  /** The port */
  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** The URL of the WebSocket */
  get url(): string {
    return `ws://127.0.0.1:${this.port}/hoist`;
  }

  /** Accepts a connection without reading from it. */
  async accept(): Promise<ScriptedPeer> {
    const peer = new ScriptedPeer(await this.#listener.accept());
    this.#peers.push(peer);
    return peer;
  }

  /** Accepts a connection and reads the request. */
  async request(): Promise<ScriptedPeer> {
    const peer = await this.accept();
    await peer.readRequest();
    return peer;
  }

  /** Accepts a connection and opens the WebSocket. */
  async open(): Promise<ScriptedPeer> {
    const peer = await this.request();
    await peer.write(peer.response());
    return peer;
  }

  /** Ends all connections. */
  [Symbol.dispose](): void {
    for (const peer of this.#peers) peer[Symbol.dispose]();
    this.#listener.close();
  }
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
