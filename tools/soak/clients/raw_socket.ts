/**
 * A WebSocket over TCP that can be aborted, stopped and misused, with a checker for its
 * frames.
 *
 * @module
 */

import { closeFrame, pongFrame, textFrame } from "../../lib/frames.ts";
import { type Frame, FrameReader, Opcode } from "../../lib/frame_reader.ts";
import type { JsonObject } from "@hoist/cli";
import { TOKEN } from "../commands.ts";
import type { FrameChecker } from "./frame_checker.ts";

/** The options of a socket. */
export interface RawOptions {
  readonly port: number;
  readonly checker: FrameChecker;
  /** The address that a proxy in front of the server would send */
  readonly address?: string;
  /**
   * Whether the server must not end the connection for 20 minutes if the client is silent
   *
   * @default false
   */
  readonly isPatient?: boolean;
}

const CHUNK = 65_536;

/** The longest heartbeat that a server accepts. */
const LONG_HEARTBEAT = { interval: 600_000, timeout: 600_000 };

/** Without WebSocket pings of the server, only the heartbeats of the client count. */
const OFFER = "Sec-WebSocket-Protocol: hoist.heartbeat\r\n";

/** A WebSocket that does nothing by itself, except that it answers pings while it reads. */
export class RawSocket implements Disposable {
  /** The code of the Close frame; 1006 if the connection ended without one */
  code: number | undefined;
  readonly #connection: Deno.TcpConn;
  readonly #checker: FrameChecker;
  readonly #reader = new FrameReader();
  readonly #chunk = new Uint8Array(CHUNK);
  readonly #frames: Frame[] = [];
  readonly #isPatient: boolean;
  #lastId = -1;

  private constructor(
    connection: Deno.TcpConn,
    { checker, isPatient = false }: RawOptions,
  ) {
    this.#connection = connection;
    this.#checker = checker;
    this.#isPatient = isPatient;
  }

  /** Opens a socket. Returns the status of the response if the server rejects it. */
  static async open(options: RawOptions): Promise<RawSocket | number> {
    const { port, address } = options;
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const socket = new RawSocket(connection, options);
    const status = await socket.#upgrade(address);
    if (status === 101) return socket;
    socket.abort();
    return status;
  }

  /** Sends the login, with extensions or without. */
  async logIn(features?: readonly string[], token = TOKEN): Promise<void> {
    const login = { id: this.#nextId(), token, version: "1.0.0" };
    await this.send(
      this.#isPatient
        ? {
          ...login,
          features: [...features ?? [], "heartbeat"],
          heartbeat: LONG_HEARTBEAT,
        }
        : { ...login, features },
    );
  }

  /** Calls an operation. */
  async call(operation: string, data: JsonObject): Promise<void> {
    await this.send(this.callOf(operation, data));
  }

  /** Returns the frame of a call, which is sent alone or in an array. */
  callOf(operation: string, data: JsonObject): JsonObject {
    const id = this.#nextId();
    return { id, action: "operation", data: { operation, data } };
  }

  /** Starts a stream, and returns its id. */
  async stream(
    operation: string,
    data: JsonObject,
    credit: number,
  ): Promise<number> {
    const id = this.#nextId();
    await this.send({
      id,
      action: "stream",
      data: { operation, data, credit },
    });
    return id;
  }

  /** Cancels a stream. */
  async cancel(id: number): Promise<void> {
    await this.send({ id, action: "cancel", data: {} });
  }

  /** Sends a message. */
  async message(message: string, data: JsonObject): Promise<void> {
    const id = this.#nextId();
    const body = { message, data, replying: null };
    await this.send({ id, action: "message", data: body });
  }

  /** Sends a frame, or an array of frames. */
  async send(frame: unknown): Promise<void> {
    const text = JSON.stringify(frame);
    this.#checker.sent(text);
    await this.write(textFrame(text));
  }

  /** Sends a Close frame. */
  async sendClose(code: number): Promise<void> {
    await this.write(closeFrame(code));
  }

  /** Sends bytes. Ignores the error if the peer has disconnected. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        at += await this.#connection.write(bytes.subarray(at));
      }
    } catch {
      this.code ??= 1006;
    }
  }

  /** Reads a frame. Returns `false` at the end of the connection. */
  async read(): Promise<boolean> {
    while (this.#frames.length === 0) {
      if (this.code !== undefined || !await this.#fill()) return false;
    }
    const frame = this.#frames.shift();
    if (frame?.opcode === Opcode.TEXT) this.#checker.received(frame.text);
    if (frame?.opcode === Opcode.PING) {
      await this.write(pongFrame(frame.payload));
    }
    if (frame?.isClose) this.code = frame.closeCode;
    return this.code === undefined;
  }

  /** Reads until all requests are answered. Returns `false` at the end of the connection. */
  async settle(): Promise<boolean> {
    while (this.#checker.due > 0) {
      if (!await this.read()) return false;
    }
    return true;
  }

  /** Reads until the end of the connection. */
  async readToEnd(): Promise<void> {
    while (await this.read());
  }

  /** Ends the connection without a handshake. */
  abort(): void {
    try {
      this.#connection.close();
    } catch {
      // The connection has already ended.
    }
  }

  [Symbol.dispose](): void {
    this.abort();
  }

  #nextId(): number {
    return ++this.#lastId;
  }

  async #upgrade(address: string | undefined): Promise<number> {
    const from = address === undefined ? "" : `X-Forwarded-For: ${address}\r\n`;
    const offer = this.#isPatient ? OFFER : "";
    await this.write(new TextEncoder().encode(
      `GET /hoist HTTP/1.1\r\nHost: 127.0.0.1\r\n${from}${offer}` +
        "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    ));
    let head = "";
    while (!head.includes("\r\n\r\n")) {
      const count = await this.#connection.read(this.#chunk).catch(() => null);
      if (count === null) return 0;
      head += new TextDecoder("latin1").decode(this.#chunk.subarray(0, count));
    }
    // The server sends nothing before the login, so no frame is lost here.
    return Number(head.split(" ", 2)[1]);
  }

  async #fill(): Promise<boolean> {
    const count = await this.#connection.read(this.#chunk).catch(() => null);
    if (count === null) {
      this.code ??= 1006;
      return false;
    }
    this.#frames.push(...this.#reader.read(this.#chunk.subarray(0, count)));
    return true;
  }
}
