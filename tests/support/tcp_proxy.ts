/** A TCP proxy that a test can interrupt. */

/** A TCP proxy between a client and a server that can fail. */
export class TcpProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #target = 0;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;
  #held = Promise.resolve();
  #release = () => {};
  #frozen = Promise.resolve();
  #thaw = () => {};
  /** Whether new connections are accepted and never answered */
  isStalled = false;

  constructor(target: { readonly url: string }) {
    this.redirect(target);
    this.#accepting = this.#accept();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Connects the next clients to another server. */
  redirect(target: { readonly url: string }): void {
    this.#target = Number(new URL(target.url).port);
  }

  /** Passes no more data of clients to the server, as if it did not read. */
  hold(): void {
    this.#held = new Promise((resolve) => this.#release = resolve);
  }

  /** Passes no more data in either direction until `thaw()`, as if the server had stopped. */
  freeze(): void {
    this.#frozen = new Promise((resolve) => this.#thaw = resolve);
  }

  /** Ends `freeze()`. */
  thaw(): void {
    this.#thaw();
  }

  /** Ends all connections without a Close frame. */
  cut(): void {
    this.#release();
    this.#thaw();
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    const links: Promise<void>[] = [];
    for await (const client of this.#listener) {
      this.#connections.add(client);
      if (!this.isStalled) links.push(this.#link(client));
    }
    await Promise.all(links);
  }

  async #link(client: Deno.TcpConn): Promise<void> {
    const port = this.#target;
    const server = await Deno.connect({ hostname: "127.0.0.1", port });
    this.#connections.add(server);
    const pipes = [
      client.readable.pipeThrough(gate(() => this.#held))
        .pipeThrough(gate(() => this.#frozen)).pipeTo(server.writable),
      server.readable.pipeThrough(gate(() => this.#frozen))
        .pipeTo(client.writable),
    ];
    await Promise.allSettled(pipes);
    this.#connections.delete(client);
    this.#connections.delete(server);
  }
}

/** Passes each chunk on when it is allowed to. */
function gate(
  allowed: () => Promise<void>,
): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform: async (chunk, controller) => {
      await allowed();
      controller.enqueue(chunk);
    },
  });
}

/** Closes a connection, which can have ended at that moment. */
function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
