/** A client that sends and receives single frames. */

import type { Server } from "../../server.ts";

/** A WebSocket client that sends and receives single frames. */
export class RawClient implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #frames: unknown[] = [];
  readonly #waiting: PromiseWithResolvers<unknown>[] = [];
  #end: Error | undefined;
  /** The close code and reason, once the connection has ended */
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const frame: unknown = JSON.parse(data);
      const next = this.#waiting.shift();
      if (next === undefined) this.#frames.push(frame);
      else next.resolve(frame);
    };
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => {
        resolve({ code, reason });
        this.#end = new Error(`The connection has ended: ${code} "${reason}"`);
        for (const next of this.#waiting) next.reject(this.#end);
      };
    });
  }

  /** Opens the WebSocket without a login. */
  static async open(server: Pick<Server, "url">): Promise<RawClient> {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/hoist`);
    const client = new RawClient(socket);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = (event) => reject(event);
    });
    return client;
  }

  /** Opens the WebSocket and logs in. Without features, it is a Hoist 1 client. */
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

  /** Sends a string or bytes unchanged, and any other value as JSON. */
  send(frame: unknown): void {
    const isRaw = typeof frame === "string" || frame instanceof Uint8Array;
    this.#socket.send(isRaw ? frame : JSON.stringify(frame));
  }

  /** Closes the WebSocket. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /** Resolves to the next frame of the server; rejects if the connection ends before. */
  // deno-lint-ignore no-explicit-any -- tests read any property
  next(): Promise<any> {
    if (this.#frames.length > 0) return Promise.resolve(this.#frames.shift());
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const next = Promise.withResolvers<unknown>();
    // A test can wait for a frame that never comes.
    next.promise.catch(() => {});
    this.#waiting.push(next);
    return next.promise;
  }

  /** Resolves to the next `count` frames of the server, single or in batches. */
  // deno-lint-ignore no-explicit-any -- tests read any property
  async take(count: number): Promise<any[]> {
    const taken: unknown[] = [];
    while (taken.length < count) taken.push(...[await this.next()].flat());
    return taken;
  }

  /** Resolves to all further frames of the server when the connection has ended. */
  async rest(): Promise<unknown[]> {
    await this.closed;
    return this.#frames.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.closed;
  }
}

/** The members that all success frames of a server have. */
export const SUCCESS = {
  success: true,
  data: null,
  error: null,
  code: 0,
  message: null,
  desc: null,
};

/** Returns the request frame of a message. */
export function message(
  id: number,
  name: string,
  data = {},
  replying: unknown = null,
) {
  return { id, action: "message", data: { message: name, data, replying } };
}

/** Returns the request frame of an operation. */
export function operation(id: number, name: string, data = {}) {
  return { id, action: "operation", data: { operation: name, data } };
}
