/** What several tests need. */

import { connect } from "../../client.ts";
import { type Connection } from "../../client/connection.ts";
import { type ConnectOptions } from "../../client/connect.ts";
import { type Logger } from "../../common/logger.ts";
import { type ServeOptions } from "../../server.ts";
import { serve } from "../../server.ts";
import { type Server } from "../../server.ts";

/** A logger that keeps what it is told, as `level line`. */
export class Recorder implements Logger {
  readonly lines: string[] = [];
  readonly #waiting = new Set<() => void>();

  debug(line: string): void {
    this.#add("debug", line);
  }

  info(line: string): void {
    this.#add("info", line);
  }

  warn(line: string): void {
    this.#add("warn", line);
  }

  error(line: string): void {
    this.#add("error", line);
  }

  /** The first line that matches, now or once it comes. */
  async line(pattern: RegExp): Promise<string> {
    while (true) {
      const line = this.lines.find((line) => pattern.test(line));
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #add(level: string, line: string): void {
    this.lines.push(`${level} ${line}`);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** A server on a free port of the loopback interface that logs nowhere. */
export function serveQuietly(options: ServeOptions = {}): Server {
  return serve("test", {
    hostname: "127.0.0.1",
    port: 0,
    logger: new Recorder(),
    ...options,
  });
}

/** A client of that server. */
export function connectTo(
  server: Server,
  options: ConnectOptions = {},
): Promise<Connection> {
  return connect("test", { url: server.url, ...options });
}

/** A client that speaks frames instead of Hoist. */
export class RawClient implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #frames: unknown[] = [];
  readonly #waiting: ((frame: unknown) => void)[] = [];
  /** The close code and reason, once the connection has ended */
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const frame: unknown = JSON.parse(data);
      const resolve = this.#waiting.shift();
      if (resolve === undefined) this.#frames.push(frame);
      else resolve(frame);
    };
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => resolve({ code, reason });
    });
  }

  /** Opens the WebSocket and says nothing. */
  static async open(server: Pick<Server, "url">): Promise<RawClient> {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/hoist`);
    const client = new RawClient(socket);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = (event) => reject(event);
    });
    return client;
  }

  /** Opens the WebSocket and logs in; without features, as a client of Hoist 1 does. */
  static async logIn(
    server: Pick<Server, "url" | "token">,
    features?: readonly unknown[],
  ): Promise<RawClient> {
    const client = await RawClient.open(server);
    const { token } = server;
    client.send({ id: 0, token, version: "1.0.0", features });
    await client.next();
    return client;
  }

  /** Sends a text or binary frame as it is, anything else as JSON. */
  send(frame: unknown): void {
    const isRaw = typeof frame === "string" || frame instanceof Uint8Array;
    this.#socket.send(isRaw ? frame : JSON.stringify(frame));
  }

  /** The next frame of the server. */
  // deno-lint-ignore no-explicit-any -- a test looks at any key
  next(): Promise<any> {
    if (this.#frames.length > 0) return Promise.resolve(this.#frames.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** So many frames of the server, alone or in batches. */
  // deno-lint-ignore no-explicit-any -- a test looks at any key
  async take(count: number): Promise<any[]> {
    const taken: unknown[] = [];
    while (taken.length < count) taken.push(...[await this.next()].flat());
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.closed;
  }
}

/** Waits; only to see that something does not happen, or to look again. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The first thing that a program prints and that matches. */
export async function firstMatch(
  output: ReadableStream<Uint8Array<ArrayBuffer>>,
  pattern: RegExp,
): Promise<string> {
  let text = "";
  for await (const chunk of output.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const [match] = text.match(pattern) ?? [];
    if (match !== undefined) return match;
  }
  throw new Error(`The program ended without printing ${pattern}: ${text}`);
}

/** What all successes of a server have in common. */
export const SUCCESS = {
  success: true,
  data: null,
  error: null,
  code: 0,
  message: null,
  desc: null,
};

/** A message as a raw client sends it. */
export function message(
  id: number,
  name: string,
  data = {},
  replying: unknown = null,
) {
  return { id, action: "message", data: { message: name, data, replying } };
}

/** A call as a raw client sends it. */
export function operation(id: number, name: string, data = {}) {
  return { id, action: "operation", data: { operation: name, data } };
}

/** A promise with its resolver, for handlers that a test holds open. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => open = resolve);
  return { opened, open };
}

/** A WebSocket that does nothing of its own accord. */
export async function openRaw(server: Server): Promise<Deno.TcpConn> {
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

/**
 * Numbers from 0 up to 1 that look random and are the same each time: mulberry32, by
 * Tommy Ettinger.
 */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Waits until all callbacks that were due have run, and all that these made due. */
export function endOfTick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The length of a text on the wire, in bytes. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Whether something throws, or rejects with, just that: also what no assertion can show. */
export async function fails(
  attempt: () => unknown,
  expected: unknown,
): Promise<boolean> {
  try {
    await attempt();
  } catch (error) {
    return error === expected;
  }
  return false;
}
