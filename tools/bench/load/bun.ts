/**
 * The part of Bun's interface that the load generator uses.
 *
 * @module
 */

import type { Buffer } from "node:buffer";

/** A TCP connection with data of the application. */
export interface TcpSocket<Data> {
  readonly data: Data;
  /** Returns the number of bytes that were accepted. */
  write(bytes: Uint8Array): number;
  end(): void;
}

/** The handlers of the events of a connection. */
export interface TcpHandlers<Data> {
  data(socket: TcpSocket<Data>, chunk: Buffer): void;
  close(socket: TcpSocket<Data>): void;
  error(socket: TcpSocket<Data>, error: Error): void;
  drain(): void;
}

/** The address and the handlers of a connection. */
export interface TcpOptions<Data> {
  readonly hostname: string;
  readonly port: number;
  readonly data: Data;
  readonly socket: TcpHandlers<Data>;
}

interface Runtime {
  readonly Bun: {
    connect<Data>(options: TcpOptions<Data>): Promise<TcpSocket<Data>>;
  };
}

/** Opens a TCP connection. */
export function connectTcp<Data>(
  options: TcpOptions<Data>,
): Promise<TcpSocket<Data>> {
  return (globalThis as unknown as Runtime).Bun.connect(options);
}
