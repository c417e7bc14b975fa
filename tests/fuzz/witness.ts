/**
 * A decent client next to those that fuzz: nothing of what they do may reach it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connect, type Connection } from "../../client.ts";
import type { Server } from "../../server.ts";
import { gate, pause } from "../helpers.ts";

/** The message that is broadcast in each round, with the number of the round as `n`. */
export const TICK = "tick";

/** How many calls a witness has under way. */
const CALLS = 3;

/** How long a witness rests between its rounds, in milliseconds. */
const REST = 5;

/** A decent client. */
export class Witness {
  rounds = 0;
  readonly #server: Server;
  readonly #connection: Connection;
  readonly #heard: unknown[] = [];
  #onHeard = (): void => {};
  #isClosed = false;

  private constructor(server: Server, connection: Connection) {
    this.#server = server;
    this.#connection = connection;
    void connection.closed.then(() => {
      this.#isClosed = true;
      this.#onHeard();
    });
    connection.receive(TICK, ({ data }) => {
      this.#heard.push(data.n);
      this.#onHeard();
    });
  }

  /** Connects. */
  static async open(server: Server): Promise<Witness> {
    const connection = await connect(server.token, { url: server.url });
    return new Witness(server, connection);
  }

  /** Talks to the server until it is told to stop. */
  async watch(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.#call();
      await this.#ask();
      await this.#hear();
      this.rounds++;
      await pause(REST);
    }
  }

  /** Leaves; the connection must have lasted so long. */
  async leave(): Promise<void> {
    assert(!this.#isClosed, "the witness was closed");
    await this.#connection.close();
  }

  /** Calls are answered in their order. */
  async #call(): Promise<void> {
    const numbers = Array.from({ length: CALLS }, (_, n) => this.rounds + n);
    const answered: unknown[] = [];
    await Promise.all(numbers.map(async (n) => {
      const result = await this.#connection.operation("echo", { n });
      answered.push(result);
    }));
    assert.deepEqual(answered, numbers.map((n) => ({ n })));
  }

  /** A message gets the replies to it, and no others. */
  async #ask(): Promise<void> {
    const n = this.rounds % 4;
    const sent = await this.#connection.message("many", { n });
    const replies = sent.replies.map((
      { data, replying },
    ) => [data.n, replying?.id]);
    const expected = Array.from({ length: n }, (_, index) => [index, sent.id]);
    assert.deepEqual(replies, expected);
  }

  /** Each broadcast comes, once. */
  async #hear(): Promise<void> {
    const { opened, open } = gate();
    this.#onHeard = open;
    await this.#server.broadcast(TICK, { n: this.rounds });
    if (this.#heard.length === 0) await opened;
    assert.deepEqual(this.#heard.splice(0), [this.rounds]);
  }
}
