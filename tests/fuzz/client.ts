/**
 * A client that sends the frames of a script while an oracle checks the frames of the
 * server.
 *
 * @module
 */

import { TcpPeer } from "../support/tcp_peer.ts";
import { encodeFrame, joinBytes, Opcode } from "../support/websocket_frames.ts";
import type { ReceivedRequest } from "./server_request_checker.ts";
import type { Oracle } from "./oracle.ts";
import { within } from "./timeouts.ts";
import { GOODBYE } from "./requests.ts";
import { replyFrames } from "./client_replies.ts";
import type { Script, Unit } from "./script.ts";

/** Performs a script. */
export async function perform(
  script: Script,
  port: number,
  oracle: Oracle,
): Promise<void> {
  using socket = await TcpPeer.open({ addr: { port } });
  const { status } = socket.response;
  if (status !== 101) {
    throw new Error(`The handshake was answered with ${status}`);
  }
  const client = new FuzzingClient(socket, oracle);
  const reading = client.read();
  // `within` reports the rejection later.
  reading.catch(() => {});
  await client.write(script);
  await client.disconnect(script);
  await client.within(reading);
  oracle.end();
}

class FuzzingClient {
  readonly #socket: TcpPeer;
  readonly #oracle: Oracle;
  #onFrame = (): void => {};
  #isOver = false;
  /** The last write. Writes run one after the other. */
  #written = Promise.resolve();
  #replies = 0;

  constructor(socket: TcpPeer, oracle: Oracle) {
    this.#socket = socket;
    this.#oracle = oracle;
  }

  /** Reads the frames of the server until the connection ends. */
  async read(): Promise<void> {
    try {
      for (;;) {
        const frame = await this.#socket.frame();
        if (frame === null) return;
        this.#oracle.receive(frame);
        this.#reply(frame.opcode, frame.payload);
        for (const received of this.#oracle.takeRequests()) {
          this.#answer(received);
        }
        this.#onFrame();
      }
    } finally {
      this.#isOver = true;
      this.#onFrame();
    }
  }

  /** Sends the packets. */
  async write({ packets, pauses }: Script): Promise<void> {
    for (const [index, packet] of packets.entries()) {
      await this.#send(packet);
      if (pauses.has(index)) await this.within(this.#settle());
    }
  }

  /** Disconnects as the script says, unless the server closes the connection. */
  async disconnect({ disconnect, last }: Script): Promise<void> {
    if (disconnect === "settle") await this.within(this.#settle());
    if (this.#oracle.isEnding && disconnect !== "vanish") return;
    if (disconnect === "settle" || disconnect === "goodbye") {
      return await this.#send([{ bytes: last, payload: GOODBYE }]);
    }
    this.#oracle.relax();
    await this.#write(last);
    if (disconnect === "vanish") this.#socket[Symbol.dispose]();
    else await this.#socket.finish();
  }

  /** Waits with a time limit. */
  within(waiting: Promise<void>): Promise<void> {
    return within(
      waiting,
      () => `no frame arrived in time; expected ${this.#oracle.describe()}`,
    );
  }

  async #send(units: readonly Unit[]): Promise<void> {
    for (const { payload, pings = [] } of units) {
      for (const ping of pings) this.#oracle.ping(ping);
      if (payload !== undefined) this.#oracle.send(payload);
      else if (pings.length === 0) this.#oracle.pong();
    }
    await this.#write(joinBytes(units.map(({ bytes }) => bytes)));
  }

  /** Answers a request of the server while the connection is open. */
  #answer(received: ReceivedRequest): void {
    const { features, ownNumber, isGuarded } = this.#oracle;
    const number = ++this.#replies;
    for (
      const payload of replyFrames(received, {
        number,
        features,
        ownNumber,
        isGuarded,
      })
    ) {
      if (this.#oracle.isOver) return;
      void this.#send([{ bytes: encodeFrame(payload), payload }]);
    }
  }

  #reply(opcode: number, payload: Uint8Array): void {
    if (opcode === Opcode.PING) {
      void this.#write(encodeFrame(payload, { opcode: Opcode.PONG }));
    } else if (opcode === Opcode.CLOSE) {
      void this.#write(encodeFrame(payload, { opcode: Opcode.CLOSE }));
    }
  }

  #write(bytes: Uint8Array): Promise<void> {
    // If the server has closed the connection, the reading side reports it.
    this.#written = this.#written.then(() => this.#socket.write(bytes))
      .catch(() => {});
    return this.#written;
  }

  async #settle(): Promise<void> {
    while (!this.#isOver && !this.#oracle.isSettled) {
      await new Promise<void>((resolve) => this.#onFrame = resolve);
    }
  }
}
