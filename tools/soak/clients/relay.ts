/**
 * A way to the server that can be cut, for clients that have no hold of their sockets.
 *
 * @module
 */

const CHUNK = 65_536;

/** Passes on all that comes, both ways. */
export class Relay implements Disposable {
  readonly #listener: Deno.TcpListener;
  readonly #port: number;
  readonly #connections = new Set<Deno.TcpConn>();

  /**
   * Constructs a `Relay`.
   *
   * @param port Where the server is
   */
  constructor(port: number) {
    this.#port = port;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    void this.#accept();
  }

  /** The URL to connect to instead of the server's. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Cuts all connections, amid what they carry. */
  cut(): void {
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.cut();
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) void this.#join(near);
  }

  async #join(near: Deno.TcpConn): Promise<void> {
    this.#connections.add(near);
    const hostname = "127.0.0.1";
    const far = await Deno.connect({ hostname, port: this.#port });
    // It may have been cut in between.
    if (!this.#connections.has(near)) return far.close();
    this.#connections.add(far);
    await Promise.all([this.#pump(near, far), this.#pump(far, near)]);
  }

  /** Passes on one way; the end of either is the end of both. */
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
      // Either of them has been cut, here or by its owner.
    }
    this.#end(from);
    this.#end(to);
  }

  #end(connection: Deno.TcpConn): void {
    if (this.#connections.delete(connection)) connection.close();
  }
}
