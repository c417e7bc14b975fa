/**
 * A TCP proxy that breaks its connections in the ways of a network: it can end them, hold their
 * data back, or swallow it.
 *
 * @module
 */

const CHUNK = 65_536;

/** Connects to the other side; returns `undefined` if nothing listens there. */
export type Dial = () => Promise<Deno.TcpConn | undefined>;

/** Both ends of a forwarded connection. */
interface Pair {
  readonly near: Deno.TcpConn;
  readonly far: Deno.TcpConn;
  /** Whether nothing is forwarded any more, not even the end of one side */
  isSwallowed: boolean;
}

/**
 * Returns a function that connects to a port of this machine.
 *
 * @param port Returns the port; `undefined` if nothing listens yet
 */
export function dialPort(port: () => number | undefined): Dial {
  return async () => {
    const current = port();
    if (current === undefined) return undefined;
    return await dial({ hostname: "127.0.0.1", port: current });
  };
}

/** Connects to an address; returns `undefined` if nothing listens there. */
export async function dial(
  address: { readonly hostname: string; readonly port: number },
): Promise<Deno.TcpConn | undefined> {
  return await Deno.connect(address).catch(() => undefined);
}

/** Forwards all bytes in both directions. */
export class Relay implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #dial: Dial;
  readonly #accepting: Promise<void>;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #pairs = new Set<Pair>();
  /** Resolves when data is passed on again; `undefined` while it is */
  #held: PromiseWithResolvers<void> | undefined;
  #isCut = false;

  /**
   * Constructs a `Relay`, which listens.
   *
   * @param dial Connects to the other side, for each connection that is accepted
   * @param hostname The address to listen at
   */
  constructor(dial: Dial, hostname = "127.0.0.1") {
    this.#dial = dial;
    this.#listener = Deno.listen({ hostname, port: 0 });
    this.#accepting = this.#accept();
  }

  /** The port of the relay */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** The URL of the relay */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The number of connections that are forwarded */
  get size(): number {
    return this.#pairs.size;
  }

  /** Ends all connections, in the middle of their data. */
  abort(): void {
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
  }

  /** Ends all connections, and new ones at once, until `mend` is called. */
  cut(): void {
    this.#isCut = true;
    this.abort();
    this.release();
  }

  /** Accepts connections again. */
  mend(): void {
    this.#isCut = false;
  }

  /**
   * Drops what arrives from now on at all present connections, in both directions. They
   * stay open. New connections are forwarded.
   */
  swallow(): void {
    for (const pair of this.#pairs) pair.isSwallowed = true;
  }

  /** Passes on nothing until `release` is called, as a network that loses all packets. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  /** Passes on what was held back, and everything that comes later. */
  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    // A connection can be accepted at this moment.
    this.cut();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    const joined = new Set<Promise<void>>();
    for await (const near of this.#listener) {
      if (this.#isCut) {
        near.close();
        continue;
      }
      const join = this.#join(near).finally(() => joined.delete(join));
      joined.add(join);
    }
    await Promise.all(joined);
  }

  async #join(near: Deno.TcpConn): Promise<void> {
    this.#connections.add(near);
    await this.#held?.promise;
    const far = await this.#dial();
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
        await this.#held?.promise;
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
