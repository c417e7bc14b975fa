/**
 * A client that sends what a script says, while an oracle looks at what comes back.
 *
 * @module
 */

import { TcpPeer } from "../support/tcp_peer.ts";
import { encodeFrame, joinBytes, Opcode } from "../support/websocket_frames.ts";
import type { Asked } from "./server_request_checker.ts";
import type { Oracle } from "./oracle.ts";
import { within } from "./timeouts.ts";
import { GOODBYE } from "./requests.ts";
import { answersTo } from "./client_replies.ts";
import type { Script, Unit } from "./script.ts";

/** Goes through a script. */
export async function perform(
  script: Script,
  port: number,
  oracle: Oracle,
): Promise<void> {
  using socket = await TcpPeer.open({ addr: { port } });
  const { status } = socket.answer;
  if (status !== 101) {
    throw new Error(`The handshake was answered with ${status}`);
  }
  const client = new FuzzingClient(socket, oracle);
  const reading = client.read();
  // Whoever waits for it first is told.
  reading.catch(() => {});
  await client.write(script);
  await client.leave(script);
  await client.within(reading);
  oracle.end();
}

class FuzzingClient {
  readonly #socket: TcpPeer;
  readonly #oracle: Oracle;
  #onFrame = (): void => {};
  #isOver = false;
  /** Resolves when all is written that is to be: what is said at once is not mixed up. */
  #written = Promise.resolve();
  #answers = 0;

  constructor(socket: TcpPeer, oracle: Oracle) {
    this.#socket = socket;
    this.#oracle = oracle;
  }

  /** Takes what the server sends, to the end. */
  async read(): Promise<void> {
    try {
      for (;;) {
        const frame = await this.#socket.frame();
        if (frame === null) return;
        this.#oracle.receive(frame);
        this.#reply(frame.opcode, frame.payload);
        for (const asked of this.#oracle.takeAsked()) this.#answer(asked);
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

  /** Goes, as the script says, unless the server has made it go. */
  async leave({ leaving, last }: Script): Promise<void> {
    if (leaving === "settle") await this.within(this.#settle());
    if (this.#oracle.isEnding && leaving !== "vanish") return;
    if (leaving === "settle" || leaving === "goodbye") {
      return await this.#send([{ bytes: last, payload: GOODBYE }]);
    }
    this.#oracle.relax();
    await this.#write(last);
    if (leaving === "vanish") this.#socket[Symbol.dispose]();
    else await this.#socket.finish();
  }

  /** Waits, but not for ever. */
  within(waiting: Promise<void>): Promise<void> {
    return within(
      waiting,
      () => `nothing came for too long, owing ${this.#oracle.describe()}`,
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

  /** Says to the server what it was asked for, if that still counts. */
  #answer(asked: Asked): void {
    const { features, ownNumber } = this.#oracle;
    const number = ++this.#answers;
    for (const payload of answersTo(asked, { number, features, ownNumber })) {
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
