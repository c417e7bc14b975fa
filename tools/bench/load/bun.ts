/**
 * What the load generator uses of Bun, on which it runs.
 *
 * @module
 */

import type { Buffer } from "node:buffer";

/** A TCP connection that carries something of its owner along. */
export interface TcpSocket<Data> {
  readonly data: Data;
  /** Returns how many bytes were taken. */
  write(bytes: Uint8Array): number;
  end(): void;
}

/** What happens to the connections of one kind. */
export interface TcpHandlers<Data> {
  data(socket: TcpSocket<Data>, chunk: Buffer): void;
  close(socket: TcpSocket<Data>): void;
  error(socket: TcpSocket<Data>, error: Error): void;
  drain(): void;
}

/** Where to connect to and who is told what happens. */
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
