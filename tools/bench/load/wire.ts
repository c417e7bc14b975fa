/**
 * A TCP connection to a server, with whoever takes what comes.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { connectTcp, type TcpHandlers, type TcpSocket } from "./bun.ts";

/** How many bytes of what a server last said an error shows. */
const MAX_SHOWN = 200;

/** A TCP connection. */
export class Wire {
  /** Takes what comes */
  onChunk: (chunk: Buffer) => void = () => {};
  /** Is called when nothing will come any more */
  onEnd: () => void = () => {};
  ended = false;
  #socket: TcpSocket<Wire> | undefined;
  #last: Buffer = Buffer.alloc(0);

  /** Opens a connection. */
  static async open(port: number): Promise<Wire> {
    const data = new Wire();
    const hostname = "127.0.0.1";
    data.#socket = await connectTcp({ hostname, port, data, socket: HANDLERS });
    return data;
  }

  /** Sends bytes, all of them. */
  write(bytes: Uint8Array): void {
    if (this.#socket?.write(bytes) === bytes.length || this.ended) return;
    // What is sent is so little that this means a server that does not read.
    throw new Error("the server does not take what it is sent");
  }

  /** Says that nothing more comes from this side. */
  end(): void {
    this.#socket?.end();
  }

  /** The last that the server said, to find out what went wrong. */
  lastWords(): string {
    const isClose = this.#last[0] === 0x88;
    if (isClose) return `Close ${this.#last.subarray(2).readUInt16BE()}`;
    return JSON.stringify(this.#last.toString("latin1").slice(-MAX_SHOWN));
  }

  take(chunk: Buffer): void {
    this.#last = chunk;
    this.onChunk(chunk);
  }

  leave(): void {
    this.ended = true;
    this.onEnd();
  }
}

// One object for all: ten thousand connections would have ten thousand of them.
const HANDLERS: TcpHandlers<Wire> = {
  data: (socket, chunk) => socket.data.take(chunk),
  close: (socket) => socket.data.leave(),
  error: (socket) => socket.data.leave(),
  drain: () => {},
};
