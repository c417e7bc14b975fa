/**
 * The TCP or TLS connection to a NATS server, over `Deno.connect`.
 *
 * The transports of NATS need `node:net`, which ends the program on Deno when the server
 * refuses a login: a reset of the connection is then an error that nobody catches.
 *
 * @module
 */

import type { ConnectionOptions, Server, Transport } from "./nats_client.ts";
import { dial, settlesWithin } from "../common/async.ts";

/** The longest first line of a server, in bytes. It contains the URLs of its cluster. */
const MAX_INFO = 65_536;

/** The length of the buffer for what the server sends, in bytes. */
const READ_SIZE = 65_536;

/** How long the end of the connection waits for what was not written, in milliseconds. */
const LINGER = 100;

/** What a server says about TLS in its first line. */
interface ServerTls {
  readonly tls_required?: boolean;
  readonly tls_available?: boolean;
}

/** The options of the client, which passes them on to the transport. */
export interface TransportOptions extends ConnectionOptions {
  /** Ends the connection */
  readonly signal?: AbortSignal;
}

/** One connection to a NATS server. */
export class DenoTransport implements Transport {
  readonly lang = "hoist.deno";
  readonly version = "1";
  closeError?: Error;
  readonly #dialing = new AbortController();
  readonly #ended = Promise.withResolvers<void | Error>();
  readonly #onAbort = () => this.disconnect();
  #life: AbortSignal | undefined;
  #connection: Deno.Conn | undefined;
  #first = new Uint8Array();
  #isEncrypted = false;
  #isClosed = false;
  #frames: Uint8Array[] = [];
  #buffered = 0;
  #writing: Promise<void> | undefined;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The number of bytes that wait until the server reads */
  get buffered(): number {
    return this.#buffered;
  }

  async connect(
    server: Server,
    { tls, signal: life }: TransportOptions,
  ): Promise<void> {
    this.#life = life;
    life?.addEventListener("abort", this.#onAbort);
    if (life?.aborted) this.disconnect();
    const { hostname, port } = server;
    const connection = await dial(
      this.#dialing.signal,
      (signal) => Deno.connect({ hostname, port, signal }),
    );
    this.#connection = connection;
    if (this.#isClosed) throw this.#endEarly();
    connection.setNoDelay(true);
    this.#first = await readLine(connection);
    if (needsTls(server, this.#first)) {
      await this.#encrypt(connection, server, tls?.ca);
    }
    if (this.#isClosed) throw this.#endEarly();
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    try {
      yield this.#first;
      const buffer = new Uint8Array(READ_SIZE);
      while (!this.#isClosed) {
        const length = await this.#readInto(buffer);
        if (length === null) return;
        yield buffer.slice(0, length);
      }
    } finally {
      // The client also ends here if it cannot parse what the server sent.
      this.#end(this.closeError, true);
    }
  }

  send(frame: Uint8Array): void {
    if (this.#isClosed) return;
    this.#frames.push(frame);
    this.#buffered += frame.length;
    this.#writing ??= this.#write();
  }

  isEncrypted(): boolean {
    return this.#isEncrypted;
  }

  async close(error?: Error): Promise<void> {
    if (this.#writing !== undefined) await settlesWithin(this.#writing, LINGER);
    this.#end(error, false);
  }

  disconnect(): void {
    this.#end(undefined, true);
  }

  closed(): Promise<void | Error> {
    return this.#ended.promise;
  }

  discard(): void {}

  async #encrypt(
    tcp: Deno.TcpConn,
    { tlsName, hostname }: Server,
    ca: string | undefined,
  ): Promise<void> {
    this.#connection = await Deno.startTls(tcp, {
      hostname: tlsName || hostname,
      ...(ca === undefined ? {} : { caCerts: [ca] }),
    });
    this.#isEncrypted = true;
  }

  async #readInto(buffer: Uint8Array): Promise<number | null> {
    try {
      return await this.#connection!.read(buffer);
    } catch (error) {
      if (!this.#isClosed) this.closeError = error as Error;
      return null;
    }
  }

  async #write(): Promise<void> {
    try {
      // The frames of one tick come one after the other. Each write is a system call.
      await undefined;
      while (this.#frames.length > 0) {
        const bytes = join(this.#frames);
        this.#frames = [];
        for (let start = 0; start < bytes.length;) {
          start += await this.#connection!.write(bytes.subarray(start));
        }
        this.#buffered -= bytes.length;
      }
    } catch {
      // The read fails too, and reports why.
    } finally {
      this.#writing = undefined;
    }
  }

  /** Ends a connection that was closed while it began. */
  #endEarly(): Error {
    this.#connection?.close();
    return new Error("the attempt took too long");
  }

  #end(error: Error | undefined, isUnexpected: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (error !== undefined) this.closeError = error;
    this.#frames = [];
    this.#life?.removeEventListener("abort", this.#onAbort);
    this.#dialing.abort();
    try {
      this.#connection?.close();
    } catch {
      // It is closed.
    }
    if (isUnexpected) this.#ended.resolve(error);
  }
}

function join(frames: readonly Uint8Array[]): Uint8Array {
  if (frames.length === 1) return frames[0]!;
  const length = frames.reduce((sum, frame) => sum + frame.length, 0);
  const bytes = new Uint8Array(length);
  let start = 0;
  for (const frame of frames) {
    bytes.set(frame, start);
    start += frame.length;
  }
  return bytes;
}

/** Reads the first line of a server, and nothing after it. */
async function readLine(
  connection: Deno.Conn,
): Promise<Uint8Array<ArrayBuffer>> {
  const line = new Uint8Array(MAX_INFO);
  for (let length = 0; length < MAX_INFO;) {
    const count = await connection.read(line.subarray(length));
    if (count === null) throw new Error("the server closed the connection");
    length += count;
    if (line[length - 1] === 10) return line.slice(0, length);
  }
  throw new Error("the server did not begin as a NATS server does");
}

function needsTls({ src }: Server, line: Uint8Array): boolean {
  const isWanted = src.startsWith("tls://");
  const { tls_required, tls_available } = parseInfo(line);
  if (isWanted && !tls_required && !tls_available) {
    throw new Error("the server offers no TLS, but its URL begins with tls://");
  }
  return isWanted || tls_required === true;
}

function parseInfo(line: Uint8Array): ServerTls {
  const [, json] = /^INFO\s+(\{[^\r\n]*\})\s*\r\n$/i.exec(
    new TextDecoder().decode(line),
  ) ?? [];
  if (json === undefined) {
    throw new Error("the server did not begin as a NATS server does");
  }
  return JSON.parse(json);
}
