/** An HTTP proxy that forwards all requests to one port of the loopback interface. */

/** Forwards requests, and records them. */
export class HttpProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: number;
  readonly #accepting: Promise<void>;
  /** The first line of each request */
  readonly requests: string[] = [];

  /** Constructs a `HttpProxy`, which forwards to a port. */
  constructor(target: number) {
    this.#target = target;
    this.#accepting = this.#accept();
  }

  /** The URL of the proxy */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Stops to accept requests, and waits until all connections have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    const forwards: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      forwards.push(this.#forward(connection).catch(() => {}));
    }
    await Promise.all(forwards);
  }

  async #forward(client: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(4_096);
    const count = await client.read(buffer);
    const text = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
    const [line = ""] = text.split("\r\n");
    this.requests.push(line);
    const server = await Deno.connect({ port: this.#target });
    const path = new URL(line.split(" ")[1]!).pathname;
    const request = text.replace(/ \S+ /, ` ${path} `);
    await server.write(new TextEncoder().encode(request));
    await Promise.allSettled([
      client.readable.pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ]);
  }
}
