/**
 * A client in some rooms, whose connection can be cut.
 *
 * @module
 */

import { type ClientRoom, connect, type Connection } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";
import { RECONNECT_QUEUED, TIMEOUT } from "../commands.ts";
import { BRIEF_SIZE, isBrief, SAY, TICK } from "../rooms.ts";
import { tokenFor } from "../tokens.ts";
import { dialPort, Relay } from "../../lib/relay.ts";
import { RoomLedger } from "./room_ledger.ts";
import { closeAndCount, type Visit } from "./visit.ts";

/** The time between two checks, in milliseconds. */
const LOOK = 20;

/** A room that the client is in. */
export interface Seat {
  readonly room: ClientRoom;
  readonly ledger: RoomLedger;
}

/** A client in some rooms. */
export class Attendance implements AsyncDisposable {
  /** The name that the client publishes under, and claims as its presence */
  readonly name: string;
  readonly seats: readonly Seat[];
  readonly #connection: Connection;
  readonly #relay: Relay;
  readonly #visit: Visit;
  /** Whether the client ends the connection */
  #isOver = false;
  /** The number of the last message in each room */
  readonly #said = new Map<ClientRoom, number>();

  private constructor(
    visit: Visit,
    relay: Relay,
    connection: Connection,
    rooms: readonly string[],
  ) {
    this.name = visit.name;
    this.#visit = visit;
    this.#relay = relay;
    this.#connection = connection;
    this.seats = rooms.map((name) => this.#prepare(name));
  }

  /** Connects, and joins rooms. Clients of one user are one member of a room. */
  static async open(
    visit: Visit,
    user: string,
    rooms: readonly string[],
  ): Promise<Attendance> {
    const relay = new Relay(dialPort(() => visit.port));
    const url = relay.url;
    // A cut can be noticed after the answer to a publication, and before the next request.
    const options = { url, timeout: TIMEOUT, reconnect: RECONNECT_QUEUED };
    const connection = await connect(tokenFor("member", user), options);
    visit.tally.connections++;
    const attendance = new Attendance(visit, relay, connection, rooms);
    await attendance.#join();
    return attendance;
  }

  /**
   * Publishes a message, and expects the answer that the server has accepted it once.
   *
   * @param isCut Whether the connection is lost meanwhile
   * @param isRepeated Whether the client publishes it once more
   */
  async say(
    { room }: Seat,
    isCut: boolean,
    isRepeated = this.#visit.random.happens(0.2),
  ): Promise<void> {
    const n = (this.#said.get(room) ?? 0) + 1;
    this.#said.set(room, n);
    const data = { author: this.name, n };
    const key = `${this.name}.${n}`;
    const publishing = room.publish(SAY, data, { key });
    if (isCut) this.cut();
    const { position } = await publishing;
    if (!isRepeated) return;
    const again = await room.publish(SAY, data, { key });
    this.#visit.tally.note("duplicate publish");
    if (again.duplicate && again.position === position) return;
    this.#report(
      `${room.name}: a repeated key got ${
        JSON.stringify(again)
      }, but the first message ${position}`,
    );
  }

  /** Loses the connection. */
  cut(): void {
    this.#visit.tally.note("cut member");
    this.#relay.abort();
  }

  /** Leaves a room, and joins it again where it was. */
  async comeBack({ room, ledger }: Seat, time: number): Promise<void> {
    await room.leave();
    await pause(time);
    const since = ledger.position;
    if (since === null) ledger.forget();
    const { recovered } = await room.join({ since, ...this.#presence });
    if (recovered === true) this.#visit.tally.note("recovered room");
    if (recovered === (since === null ? null : true)) return;
    if (isBrief(room.name)) return;
    this.#report(`${room.name}: recovered is ${recovered} after a leave`);
  }

  /** Publishes a message twice, leaves its room, and joins it again, without a gap. */
  async missNothing(): Promise<void> {
    const seat = await this.#sayFirst(({ room }) => !isBrief(room.name));
    await this.comeBack(seat, 0);
  }

  /** Leaves a room until its history is too short, and joins it again. */
  async missMessages(): Promise<void> {
    const { room, ledger } = await this.#sayFirst(({ room }) =>
      isBrief(room.name)
    );
    const since = ledger.position;
    await room.leave();
    const enough = await this.#lastTick(room.name) + BRIEF_SIZE + 1;
    while (await this.#lastTick(room.name) < enough) await pause(LOOK);
    const { recovered } = await room.join({ since, ...this.#presence });
    if (recovered === false) return;
    this.#report(`${room.name}: recovered is ${recovered} after a long leave`);
  }

  /** Publishes in a room, because the client knows where it is after a message. */
  async #sayFirst(isRight: (seat: Seat) => boolean): Promise<Seat> {
    const seat = this.seats.find(isRight)!;
    await this.say(seat, false, true);
    await this.#await(seat, SAY, this.name, 1);
    return seat;
  }

  /** Waits until everything has arrived that was sent to the rooms so far. */
  async settle(): Promise<void> {
    for (const seat of this.seats) {
      await this.#await(seat, SAY, this.name, this.#said.get(seat.room) ?? 0);
      const last = await this.#lastTick(seat.room.name);
      await this.#await(seat, TICK, TICK, last);
    }
  }

  /** Returns the number of the last message of the server to a room. */
  async #lastTick(room: string): Promise<number> {
    const data = { nonce: this.name, room };
    const options = { idempotent: true, timeout: TIMEOUT };
    const result = await this.#connection.operation("last tick", data, options);
    return Number(Object(result).n);
  }

  /** Ends the connection without a goodbye. The client does not come back. */
  async vanish(): Promise<void> {
    this.#visit.tally.note("vanished member");
    await this.#relay[Symbol.asyncDispose]();
    await this.#end();
  }

  /** Closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    await this.#relay[Symbol.asyncDispose]();
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    await closeAndCount(this.#connection, this.#visit);
    for (const { ledger } of this.seats) {
      this.#visit.tally.roomMessages += ledger.received;
    }
  }

  get #presence() {
    return { presence: { name: this.name } };
  }

  #prepare(name: string): Seat {
    const room = this.#connection.room(name);
    const ledger = new RoomLedger({
      isBrief: isBrief(name),
      report: (problem) => this.#report(`${name}: ${problem}`),
    });
    room.receive([TICK, SAY], (message) => {
      const { name, data: { author, n }, position } = message;
      const from = name === TICK ? TICK : String(author);
      ledger.take(from, Number(n), position);
    });
    room.onGap(({ reason }) => {
      this.#visit.tally.note("room gap");
      ledger.gap(reason);
    });
    room.onLeft(({ reason }) => {
      if (!this.#isOver) this.#report(`${name} ended: ${reason}`);
    });
    return { room, ledger };
  }

  async #join(): Promise<void> {
    const { random } = this.#visit;
    for (const { room } of this.seats) {
      const last = random.pick([undefined, 0, 1, 5]);
      await room.join({ last, ...this.#presence });
    }
  }

  async #await(
    { room, ledger }: Seat,
    what: string,
    author: string,
    n: number,
  ): Promise<void> {
    const end = performance.now() + TIMEOUT;
    while (ledger.last(author) < n && performance.now() < end) {
      await pause(LOOK);
    }
    const last = ledger.last(author);
    if (last >= n) return;
    this.#report(
      `${room.name}: the last "${what}" is ${last}, but ${n} was sent`,
    );
  }

  #report(problem: string): void {
    this.#visit.report(`${this.name}: ${problem}`);
  }
}
