/** A proxy that does not forward WebSockets: a small relay. */

/** The headers of one hop, which a simple proxy does not pass on: RFC 9110, section 7.6.1. */
const HOP = /^(upgrade|connection):.*\r\n/gim;

/** Forwards each request with the headers that `edit` leaves, over one connection each. */
export class DroppingProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: number;
  readonly #answer: string | undefined;
  readonly #accepting: Promise<void>;

  /**
   * Constructs a `DroppingProxy`.
   *
   * @param target The server
   * @param answer Its own response to an upgrade; omitted to forward it without `Upgrade`
   */
  constructor(target: { readonly url: string }, answer?: string) {
    this.#target = Number(new URL(target.url).port);
    this.#answer = answer;
    this.#accepting = this.#accept();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

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
    // The doctor first checks that the port is open.
    if (count === null) return client.close();
    const request = new TextDecoder().decode(buffer.subarray(0, count));
    const isUpgrade = /^upgrade: websocket/im.test(request);
    if (isUpgrade && this.#answer !== undefined) {
      await client.write(new TextEncoder().encode(this.#answer));
      return client.close();
    }
    const server = await Deno.connect({ port: this.#target });
    const edited = request.replaceAll(HOP, "")
      .replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    await server.write(new TextEncoder().encode(edited));
    await server.readable.pipeTo(client.writable).catch(() => {});
  }
}
