/**
 * A decent client next to those that fuzz: nothing of what they do may reach it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import type { Server } from "../../server.ts";
import type { ServerMessage } from "../../client/message.ts";
import { gate, pause } from "../support/timing.ts";
import { QUESTION } from "./server_requests.ts";
import { ASK } from "./handlers.ts";
import type { Host } from "./application.ts";
import { within } from "./timeouts.ts";

/** The message that is broadcast in each round, with the number of the round as `n`. */
export const TICK = "tick";

/** How many calls a witness has under way. */
const CALLS = 3;

/** How many items it takes before it has to say so. */
const BUFFER = 2;

/**
 * How long a witness rests between its rounds, in milliseconds: it says less than 20
 * things in each, and may say 1,000 in a second.
 */
const REST = 20;

/** A decent client. */
export class Witness {
  rounds = 0;
  readonly #server: Server;
  readonly #host: Host;
  readonly #connection: Connection;
  readonly #heard: unknown[] = [];
  #onHeard = (): void => {};
  #isClosed = false;

  private constructor(server: Server, host: Host, connection: Connection) {
    this.#server = server;
    this.#host = host;
    this.#connection = connection;
    void connection.closed.then(() => {
      this.#isClosed = true;
      this.#onHeard();
    });
    connection.receive(TICK, ({ data }) => {
      this.#heard.push(data.n);
      this.#onHeard();
    });
    connection.receive(QUESTION, (message) => this.#answer(message));
  }

  /** Connects. */
  static async open(server: Server, host: Host): Promise<Witness> {
    const connection = await connect(server.token, { url: server.url });
    return new Witness(server, host, connection);
  }

  /** Talks to the server until it is told to stop. */
  async watch(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await within(this.#talk(), () => "the witness was kept waiting");
      this.rounds++;
      await pause(REST);
    }
  }

  /** Leaves; the connection must have lasted so long. */
  async leave(): Promise<void> {
    assert(!this.#isClosed, "the witness was closed");
    await this.#connection.close();
  }

  async #talk(): Promise<void> {
    await this.#call();
    await this.#ask();
    await this.#hear();
    await this.#take();
    await this.#breakOff();
    await this.#beAsked();
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

  /** A stream gives all that it has, in its order. */
  async #take(): Promise<void> {
    const n = this.rounds % 6;
    const stream = this.#connection.stream("rows", { n }, { buffer: BUFFER });
    const items = await Array.fromAsync(stream);
    assert.deepEqual(items, Array.from({ length: n }, (_, n) => ({ n })));
  }

  /** A stream ends when nobody wants more of it. */
  async #breakOff(): Promise<void> {
    const options = { buffer: BUFFER };
    const stream = this.#connection.stream("endless", {}, options);
    assert.deepEqual((await stream.next()).value, { n: 0 });
    assert.deepEqual((await stream.next()).value, { n: 1 });
    await stream.return();
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  }

  /** The server asks, and is told what this side says. */
  async #beAsked(): Promise<void> {
    const data = { mark: `mark of round ${this.rounds}`, plan: "both" };
    const result = await this.#connection.operation(ASK, data);
    assert.equal(result, this.rounds % 2 === 0 ? "reply" : "silence");
  }

  #answer(message: ServerMessage): void {
    const question = this.#host.asking.questions.get(message.data.mark);
    question?.hear();
    if (this.rounds % 2 === 1) return question?.finish(false);
    question?.reply(0, true);
    void message.reply("answer", { n: 0 });
  }
}
