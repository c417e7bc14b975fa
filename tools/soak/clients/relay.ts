/**
 * A TCP proxy in front of the server that can end its connections or swallow their bytes,
 * for clients that do not own their sockets.
 *
 * @module
 */

const CHUNK = 65_536;

/** Both ends of a forwarded connection. */
interface Pair {
  readonly near: Deno.TcpConn;
  readonly far: Deno.TcpConn;
  /** Whether nothing is forwarded any more, not even the end of one side */
  isSwallowed: boolean;
}

/** Forwards all bytes in both directions. */
export class Relay implements Disposable {
  readonly #listener: Deno.TcpListener;
  /** The port of the server. Without one, the relay ends each connection at once */
  port: number | undefined;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #pairs = new Set<Pair>();

  /**
   * Constructs a `Relay`.
   *
   * @param port The port of the server; `undefined` if it has not started
   */
  constructor(port: number | undefined) {
    this.port = port;
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

  /**
   * Drops what arrives from now on at all present connections, in both directions. They
   * stay open. New connections are forwarded.
   */
  swallow(): void {
    for (const pair of this.#pairs) pair.isSwallowed = true;
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
    const far = await this.#connect();
    if (far === undefined) return this.#end(near);
    // The connection can have ended in the meantime.
    if (!this.#connections.has(near)) return far.close();
    this.#connections.add(far);
    const pair = { near, far, isSwallowed: false };
    this.#pairs.add(pair);
    const pumps = [this.#pump(pair, near, far), this.#pump(pair, far, near)];
    await Promise.all(pumps);
    this.#pairs.delete(pair);
  }

  /** Connects to the server; `undefined` if it does not listen. */
  async #connect(): Promise<Deno.TcpConn | undefined> {
    const { port } = this;
    if (port === undefined) return undefined;
    return await Deno.connect({ hostname: "127.0.0.1", port })
      .catch(() => undefined);
  }

  /** Forwards one direction. The end of one direction ends both. */
  async #pump(
    pair: Pair,
    from: Deno.TcpConn,
    to: Deno.TcpConn,
  ): Promise<void> {
    const chunk = new Uint8Array(CHUNK);
    try {
      for (;;) {
        const count = await from.read(chunk);
        if (count === null) break;
        for (let at = 0; at < count && !pair.isSwallowed;) {
          at += await to.write(chunk.subarray(at, count));
        }
      }
    } catch {
      // One of the connections has been ended, here or by its owner.
    }
    this.#end(from);
    if (!pair.isSwallowed) this.#end(to);
  }

  #end(connection: Deno.TcpConn): void {
    if (this.#connections.delete(connection)) connection.close();
  }
}
