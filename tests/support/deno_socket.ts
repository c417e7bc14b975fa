/** The socket of a client on Deno, and what it has reported. */

import {
  DenoSocket,
  type DenoSocketOptions,
  type SocketEvents,
  type SocketFailure,
} from "../../client/deno_socket.ts";

/** A socket that records its events. */
export class RecordedSocket {
  readonly socket: DenoSocket;
  readonly messages: unknown[] = [];
  readonly failures: SocketFailure[] = [];
  /** Resolves when the socket has opened; it never does if the socket fails. */
  readonly opened: Promise<void>;
  /** Resolves when the socket has closed. */
  readonly closed: Promise<SocketEvents["close"]>;
  #onMessage = () => {};

  /** Constructs a `RecordedSocket`, which begins to connect. */
  constructor(
    url: string,
    protocols: readonly string[] = [],
    options: DenoSocketOptions = {},
  ) {
    const socket = new DenoSocket(url, protocols, options);
    this.socket = socket;
    this.opened = new Promise((resolve) =>
      socket.addEventListener("open", () => resolve())
    );
    this.closed = new Promise((resolve) =>
      socket.addEventListener("close", resolve)
    );
    socket.addEventListener("error", (failure) => this.failures.push(failure));
    socket.addEventListener("message", ({ data }) => {
      this.messages.push(data);
      this.#onMessage();
    });
  }

  /** Resolves when a number of messages have arrived. */
  async received(count: number): Promise<readonly unknown[]> {
    while (this.messages.length < count) {
      await new Promise<void>((resolve) => this.#onMessage = resolve);
    }
    return this.messages;
  }
}

/** Resolves when sockets of clients have sent a number of WebSocket pings. */
export async function pingsSent(count: number): Promise<void> {
  const { ping } = DenoSocket.prototype;
  const { promise, resolve } = Promise.withResolvers<void>();
  DenoSocket.prototype.ping = function () {
    if (--count === 0) resolve();
    ping.call(this);
  };
  try {
    await promise;
  } finally {
    DenoSocket.prototype.ping = ping;
  }
}
