/**
 * A client that sends what a script says, while an oracle looks at what comes back.
 *
 * @module
 */

import { encodeFrame, joinBytes, Opcode, RawSocket } from "../raw_socket.ts";
import type { Oracle } from "./oracle.ts";
import { Violation } from "./outstanding.ts";
import { GOODBYE } from "./requests.ts";
import type { Script, Unit } from "./script.ts";

/** How long nothing may come that is due, in milliseconds: the server hangs. */
const PATIENCE = 20_000;

/** Goes through a script. */
export async function perform(
  script: Script,
  port: number,
  oracle: Oracle,
): Promise<void> {
  using socket = await RawSocket.open(port);
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
  readonly #socket: RawSocket;
  readonly #oracle: Oracle;
  #onFrame = (): void => {};
  #isOver = false;

  constructor(socket: RawSocket, oracle: Oracle) {
    this.#socket = socket;
    this.#oracle = oracle;
  }

  /** Takes what the server sends, to the end. */
  async read(): Promise<void> {
    try {
      for (;;) {
        const frame = await this.#socket.next();
        if (frame === null) return;
        this.#oracle.receive(frame);
        await this.#reply(frame.opcode, frame.payload);
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
    await this.#socket.send(last);
    if (leaving === "vanish") this.#socket.close();
    else await this.#socket.finish();
  }

  /** Waits, but not for ever. */
  async within(waiting: Promise<void>): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = new Promise<void>((_, reject) => {
      const text =
        `nothing came for too long, owing ${this.#oracle.describe()}`;
      timer = setTimeout(() => reject(new Violation(text)), PATIENCE);
    });
    try {
      await Promise.race([waiting, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #send(units: readonly Unit[]): Promise<void> {
    for (const { payload, pings = [] } of units) {
      for (const ping of pings) this.#oracle.ping(ping);
      if (payload !== undefined) this.#oracle.send(payload);
      else if (pings.length === 0) this.#oracle.pong();
    }
    await this.#socket.send(joinBytes(units.map(({ bytes }) => bytes)));
  }

  async #reply(opcode: number, payload: Uint8Array): Promise<void> {
    if (opcode === Opcode.PING) {
      await this.#socket.send(encodeFrame(payload, { opcode: Opcode.PONG }));
    } else if (opcode === Opcode.CLOSE) {
      await this.#socket.send(encodeFrame(payload, { opcode: Opcode.CLOSE }));
    }
  }

  async #settle(): Promise<void> {
    while (!this.#isOver && !this.#oracle.isSettled) {
      await new Promise<void>((resolve) => this.#onFrame = resolve);
    }
  }
}
