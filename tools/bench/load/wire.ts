/**
 * A TCP connection to a server, with a replaceable receiver.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { connectTcp, type TcpHandlers, type TcpSocket } from "./bun.ts";

/** The number of received bytes that errors quote. */
const MAX_SHOWN = 200;

/** A TCP connection. */
export class Wire {
  /** Receives every chunk */
  onChunk: (chunk: Buffer) => void = () => {};
  /** Called at the end of the connection */
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

  /** Sends bytes. */
  write(bytes: Uint8Array): void {
    if (this.#socket?.write(bytes) === bytes.length || this.ended) return;
    // The load generator sends little, so this means that the server does not read.
    throw new Error("the server does not read what it is sent");
  }

  /** Ends this side of the connection. */
  end(): void {
    this.#socket?.end();
  }

  /** Returns the end of the received bytes, for errors. */
  lastReceived(): string {
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

// All connections share one object, because there are ten thousand of them.
const HANDLERS: TcpHandlers<Wire> = {
  data: (socket, chunk) => socket.data.take(chunk),
  close: (socket) => socket.data.leave(),
  error: (socket) => socket.data.leave(),
  drain: () => {},
};
