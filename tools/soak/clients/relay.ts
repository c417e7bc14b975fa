/**
 * A TCP proxy in front of the server that can end its connections, for clients that do not
 * own their sockets.
 * @module
 */

const CHUNK = 65_536;

/** Forwards all bytes in both directions. */
export class Relay implements Disposable {
  readonly #listener: Deno.TcpListener;
  readonly #port: number;
  readonly #connections = new Set<Deno.TcpConn>();

  /**
   * Constructs a `Relay`.
   *
   * @param port The port of the server
   */
  constructor(port: number) {
    this.#port = port;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    void this.#accept();
  }

  /** The URL of the relay. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Ends all connections, in the middle of their data. */
  abort(): void {
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.abort();
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) void this.#join(near);
  }

  async #join(near: Deno.TcpConn): Promise<void> {
    this.#connections.add(near);
    const hostname = "127.0.0.1";
    const far = await Deno.connect({ hostname, port: this.#port });
    // The connection can have ended in the meantime.
    if (!this.#connections.has(near)) return far.close();
    this.#connections.add(far);
    await Promise.all([this.#pump(near, far), this.#pump(far, near)]);
  }

  /** Forwards one direction. The end of one direction ends both. */
  async #pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const chunk = new Uint8Array(CHUNK);
    try {
      for (;;) {
        const count = await from.read(chunk);
        if (count === null) break;
        for (let at = 0; at < count;) {
          at += await to.write(chunk.subarray(at, count));
        }
      }
    } catch {
      // One of the connections has been ended, here or by its owner.
    }
    this.#end(from);
    this.#end(to);
  }

  #end(connection: Deno.TcpConn): void {
    if (this.#connections.delete(connection)) connection.close();
  }
}
