/** A client of rooms that sees every frame. */

import assert from "node:assert/strict";
import { type Addressed, TcpPeer } from "./tcp_peer.ts";
import { Opcode } from "./websocket_frames.ts";

// deno-lint-ignore no-explicit-any -- tests read any property
type Data = any;

/** A frame of a server */
export interface PeerFrame {
  readonly id: number | null;
  readonly message: string | null;
  readonly code: number;
  readonly data: Data;
}

/** A client that sends frames about rooms, and collects the answers. */
export class RoomPeer implements Disposable {
  readonly #peer: TcpPeer;
  /** The frames that arrived without an id */
  readonly events: PeerFrame[] = [];
  readonly #answers = new Map<number, PeerFrame>();
  /** The secret of the last `joined` frame that had one */
  secret: string | undefined;
  #ids = 0;

  private constructor(peer: TcpPeer) {
    this.#peer = peer;
  }

  /** Logs in. */
  static async open(
    server: Addressed,
    { token = "test", features = ["rooms"], member }: {
      readonly token?: string;
      readonly features?: readonly string[];
      readonly member?: string | undefined;
    } = {},
  ): Promise<RoomPeer> {
    const peer = await TcpPeer.open(server);
    await peer.send({ id: 0, token, version: "1.0.0", features, member });
    const answer = await peer.next();
    assert(answer.success, `the login was rejected: ${answer.error}`);
    return new RoomPeer(peer);
  }

  /** Sends a request and returns the answer. */
  async ask(action: string, data: Data): Promise<PeerFrame> {
    const id = await this.send(action, data);
    return await this.answer(id);
  }

  /** Sends a request and returns its id. */
  async send(action: string, data: Data): Promise<number> {
    const id = ++this.#ids;
    await this.#peer.send({ id, action, data });
    return id;
  }

  /** Joins a room and returns the data of the answer. */
  async join(room: string, options: object = {}): Promise<Data> {
    const { message, data, ...rest } = await this.ask("join", {
      room,
      ...options,
    });
    assert.equal(message, "joined", JSON.stringify(rest));
    this.secret = data.secret ?? this.secret;
    return data;
  }

  /** Waits for the answer to a request. */
  async answer(id: number): Promise<PeerFrame> {
    for (;;) {
      const answer = this.#answers.get(id);
      if (answer !== undefined) return answer;
      await this.#read();
    }
  }

  /** Waits until some events have arrived, and removes them. */
  async take(count: number, kind = "r_newmsg"): Promise<readonly Data[]> {
    const matching = () =>
      this.events.filter(({ message }) => message === kind);
    while (matching().length < count) await this.#read();
    const taken = matching().slice(0, count);
    for (const each of taken) this.events.splice(this.events.indexOf(each), 1);
    return taken.map(({ data }) => data);
  }

  /** Waits for the answer to a later request, and asserts that no event came before it. */
  async assertQuiet(kind = "r_newmsg"): Promise<void> {
    await this.ask("members", { room: "no such room" });
    const events = this.events.filter(({ message }) => message === kind);
    assert.deepEqual(events, []);
  }

  /** Waits for the end of the connection, and returns the close code. */
  async closed(): Promise<number | undefined> {
    return (await this.#peer.closed())?.code;
  }

  /** Says goodbye. */
  async goodbye(): Promise<void> {
    await this.#peer.send({ id: null, end: true });
    await this.closed();
  }

  [Symbol.dispose](): void {
    this.#peer[Symbol.dispose]();
  }

  async #read(): Promise<void> {
    const frame = await this.#peer.answeringFrame();
    assert(frame !== null, "the connection has ended");
    if (frame.opcode !== Opcode.TEXT) return;
    const value = JSON.parse(new TextDecoder().decode(frame.payload));
    for (const each of [value].flat() as PeerFrame[]) {
      if (each.id === null) this.events.push(each);
      else this.#answers.set(each.id, each);
    }
  }
}
