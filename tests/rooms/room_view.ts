/**
 * What one client has of one room, and the checks of each frame about it.
 *
 * @module
 */

import { fail, type Reader, type Truth } from "./truth.ts";

// deno-lint-ignore no-explicit-any -- the data of any frame
type Data = any;

/** A room, as a client sees it. */
export class RoomView {
  readonly name: string;
  readonly #truth: Truth;
  readonly #client: Reader;
  /** Whether the client gets its own messages there */
  #echo = true;
  /** Whether the application of the client wants to be there */
  isWanted = false;
  /** Whether the server has said that the client is there */
  isJoined = false;
  /** Whether the server has put the client there, which no frame says if it joins, too */
  isPut = false;
  /** The position; `null` without history, `undefined` before the first join */
  position: string | null | undefined;
  /** How many missed messages must come before anything else */
  #missed = 0;
  /** The numbers of all messages */
  readonly #seen = new Set<number>();
  /** The numbers of the messages without a position, on the current connection */
  #live = new Set<number>();
  /** The connections in the room; `undefined` if the client does not follow them */
  list: Set<string> | undefined;
  /** The reasons of all gaps */
  readonly gaps: string[] = [];

  constructor(name: string, truth: Truth, client: Reader) {
    this.name = name;
    this.#truth = truth;
    this.#client = client;
  }

  /**
   * Handles the answer to a join.
   *
   * @param since The position that the client sent; `undefined` if the server put it there
   */
  onJoined(data: Data, since: string | null | undefined): void {
    const { recovered, position, missed, reason, members } = data;
    this.isJoined = true;
    if (since === undefined) this.isPut = true;
    this.#echo = since === undefined || this.#client.echo;
    this.#missed = missed;
    this.#checkRecovered(data, since ?? null);
    if (recovered === false) this.gaps.push(reason);
    this.position = position;
    this.list = members && new Set(members.list.map(connectionOf));
  }

  onMessage({ position, from, data: { n } }: Data): void {
    this.#assertJoined(`message ${n}`);
    if (this.#missed > 0) this.#missed--;
    if (position === null) return this.#onLive(n);
    this.#truth.checkNext(this.name, this.position!, position, this.#reader);
    const sent = this.#truth.at(this.name, position);
    if (sent.n !== n) fail(`${n} came in the place of ${sent.n}`);
    if (sent.from !== from) fail(`${n} is from ${from}, not ${sent.from}`);
    this.#seen.add(n);
    this.position = position;
  }

  onGap({ position, reason }: Data): void {
    this.#assertCaughtUp(`gap ${reason}`);
    this.gaps.push(reason);
    this.position = position;
  }

  onPresence({ join, leave }: Data): void {
    this.#assertCaughtUp("presence");
    for (const each of join) this.list?.add(connectionOf(each));
    for (const each of leave) this.list?.delete(each);
  }

  /** Handles the error that answers a join. */
  onRefused(code: number): void {
    this.isWanted = false;
    // A client that was refused is not there.
    const isOut = code === 10 || code === 11;
    if (isOut && !this.isPut) this.onLeft();
  }

  onLeft(): void {
    this.isJoined = this.isPut = false;
    this.#missed = 0;
  }

  /**
   * The connection is gone.
   *
   * @param isAlone Whether the next one leads to the same server. Another one can be behind
   */
  onClosed(isAlone: boolean): void {
    this.onLeft();
    if (!isAlone) this.#live = new Set();
    this.list = undefined;
  }

  has(n: number): boolean {
    return this.#seen.has(n);
  }

  /** Checks that nothing is missing. */
  checkTop(top: string): void {
    if (this.#missed > 0) fail(`${this.#missed} missed messages never came`);
    if (typeof this.position !== "string") return;
    this.#truth.checkTop(this.name, this.position, top, this.#reader);
  }

  get #reader(): Reader {
    return { connection: this.#client.connection, echo: this.#echo };
  }

  #checkRecovered({ recovered, position, room }: Data, since: string | null) {
    if ((recovered === null) !== (since === null)) {
      fail(`a join of ${room} since ${since} is recovered: ${recovered}`);
    }
    if (recovered === true && position !== since) {
      fail(`a join since ${since} continues at ${position}`);
    }
  }

  #onLive(n: number): void {
    this.#truth.checkLive(n, this.#reader);
    this.#seen.add(n);
    // What an engine has lost can be published again.
    if (this.#truth.isLost(n)) return void this.#live.add(n);
    if (this.#live.has(n)) fail(`${n} came twice`);
    const late = [...this.#live].find((each) => this.#truth.isBefore(n, each));
    if (late !== undefined) fail(`${n} came after ${late}`);
    this.#live.add(n);
  }

  #assertJoined(what: string): void {
    if (!this.isJoined) fail(`${what}, but the client is not in ${this.name}`);
  }

  #assertCaughtUp(what: string): void {
    this.#assertJoined(what);
    if (this.#missed > 0) {
      fail(`${what} before ${this.#missed} missed messages`);
    }
  }
}

function connectionOf({ connection }: Data): string {
  return connection;
}
