/** A server that speaks as much of the protocol of NATS as a connection needs. */

const INFO = '{"version":"2.11.0","max_payload":1048576,"headers":true}';

/** A server that breaks its connections at a moment that a test chooses. */
export class FakeNats implements AsyncDisposable {
  /** The number of connections that were accepted */
  connections = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #onPing: (connection: number, ping: number) => string | null;
  readonly #accepting: Promise<void>;

  /**
   * Constructs a `FakeNats`.
   *
   * @param onPing Returns the answer to a ping; `null` to end the connection. Both numbers
   * begin with 1
   */
  constructor(onPing: (connection: number, ping: number) => string | null) {
    this.#onPing = onPing;
    this.#accepting = this.#accept();
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#listener.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      serving.push(this.#serve(connection, ++this.connections));
    }
    await Promise.all(serving);
  }

  async #serve(tcp: Deno.TcpConn, connection: number): Promise<void> {
    using _ = tcp;
    const write = (text: string) => tcp.write(new TextEncoder().encode(text));
    await write(`INFO ${INFO}\r\n`);
    const buffer = new Uint8Array(65_536);
    let pings = 0;
    for (let count; (count = await read(tcp, buffer)) !== null;) {
      const text = new TextDecoder().decode(buffer.subarray(0, count));
      for (const line of text.split("\r\n")) {
        const [, inbox] = /^PUB \$JS\.API\.INFO (\S+)/.exec(line) ?? [];
        if (inbox !== undefined) await write(`MSG ${inbox} 1 2\r\n{}\r\n`);
        if (line !== "PING") continue;
        const answer = this.#onPing(connection, ++pings);
        if (answer === null) return;
        await write(answer);
      }
    }
  }
}

function read(
  connection: Deno.TcpConn,
  buffer: Uint8Array,
): Promise<number | null> {
  return connection.read(buffer).catch(() => null);
}
