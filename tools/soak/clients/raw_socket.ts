/**
 * A WebSocket over TCP that one can cut, stall and use wrongly, and whose frames a
 * checker sees.
 *
 * @module
 */

import { closeFrame, textFrame } from "../../lib/frames.ts";
import {
  closeCode,
  type Frame,
  FrameReader,
  frameText,
  Opcode,
} from "../../lib/frame_reader.ts";
import type { JsonObject } from "@hoist/cli";
import { TOKEN } from "../commands.ts";
import type { FrameChecker } from "./frame_checker.ts";

/** How a socket is opened. */
export interface RawOptions {
  readonly port: number;
  readonly checker: FrameChecker;
  /** The address that a proxy in front of the server would tell */
  readonly address?: string;
}

const CHUNK = 65_536;

/** A WebSocket that does nothing of its own accord. */
export class RawSocket implements Disposable {
  /** The code of the Close frame that came, 1006 if the connection just ended */
  code: number | undefined;
  readonly #connection: Deno.TcpConn;
  readonly #checker: FrameChecker;
  readonly #reader = new FrameReader();
  readonly #chunk = new Uint8Array(CHUNK);
  readonly #frames: Frame[] = [];
  #lastId = -1;

  private constructor(connection: Deno.TcpConn, checker: FrameChecker) {
    this.#connection = connection;
    this.#checker = checker;
  }

  /** Opens a socket; the status of the answer if the server refuses that. */
  static async open(
    { port, checker, address }: RawOptions,
  ): Promise<RawSocket | number> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const socket = new RawSocket(connection, checker);
    const status = await socket.#upgrade(address);
    if (status === 101) return socket;
    socket.cut();
    return status;
  }

  /** Sends the login, with the features of this library or with none. */
  async logIn(features?: readonly string[], token = TOKEN): Promise<void> {
    await this.send({ id: this.#nextId(), token, version: "1.0.0", features });
  }

  /** Calls an operation. */
  async call(operation: string, data: JsonObject): Promise<void> {
    await this.send(this.callOf(operation, data));
  }

  /** The frame of a call, to be sent alone or in a batch. */
  callOf(operation: string, data: JsonObject): JsonObject {
    const id = this.#nextId();
    return { id, action: "operation", data: { operation, data } };
  }

  /** Begins a stream; returns the id that it has. */
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

  /** Takes no more items of a stream. */
  async cancel(id: number): Promise<void> {
    await this.send({ id, action: "cancel", data: {} });
  }

  /** Sends a message. */
  async message(message: string, data: JsonObject): Promise<void> {
    const id = this.#nextId();
    const body = { message, data, replying: null };
    await this.send({ id, action: "message", data: body });
  }

  /** Sends a frame, or several that the checker takes one by one. */
  async send(frame: unknown): Promise<void> {
    const text = JSON.stringify(frame);
    this.#checker.sent(text);
    await this.write(textFrame(text));
  }

  /** Sends a Close frame. */
  async sayClose(code: number): Promise<void> {
    await this.write(closeFrame(code));
  }

  /** Sends bytes; what a peer that has gone does not take is lost. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        at += await this.#connection.write(bytes.subarray(at));
      }
    } catch {
      this.code ??= 1006;
    }
  }

  /** Reads a frame; `false` if the connection has ended. */
  async read(): Promise<boolean> {
    while (this.#frames.length === 0) {
      if (this.code !== undefined || !await this.#fill()) return false;
    }
    const frame = this.#frames.shift();
    if (frame?.opcode === Opcode.TEXT) this.#checker.received(frameText(frame));
    if (frame?.opcode === Opcode.CLOSE) this.code = closeCode(frame);
    return this.code === undefined;
  }

  /** Reads on as long as something is due; `false` if the connection has ended. */
  async settle(): Promise<boolean> {
    while (this.#checker.due > 0) {
      if (!await this.read()) return false;
    }
    return true;
  }

  /** Reads until the connection has ended. */
  async readToEnd(): Promise<void> {
    while (await this.read());
  }

  /** Ends the connection without a word. */
  cut(): void {
    try {
      this.#connection.close();
    } catch {
      // It has been cut before.
    }
  }

  [Symbol.dispose](): void {
    this.cut();
  }

  #nextId(): number {
    return ++this.#lastId;
  }

  async #upgrade(address: string | undefined): Promise<number> {
    const from = address === undefined ? "" : `X-Forwarded-For: ${address}\r\n`;
    await this.write(new TextEncoder().encode(
      `GET /hoist HTTP/1.1\r\nHost: 127.0.0.1\r\n${from}` +
        "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    ));
    let head = "";
    while (!head.includes("\r\n\r\n")) {
      const count = await this.#connection.read(this.#chunk).catch(() => null);
      if (count === null) return 0;
      head += new TextDecoder("latin1").decode(this.#chunk.subarray(0, count));
    }
    // The server says nothing before the login: no frame is lost here.
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
