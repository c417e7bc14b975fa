/**
 * An ordinary client beside the fuzzing clients, which must not affect it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import type { Server } from "../../server.ts";
import type { ServerMessage } from "../../client/message.ts";
import { gate, pause } from "../support/timing.ts";
import { REQUEST_NAME } from "./server_requests.ts";
import { REQUEST_OPERATION } from "./handlers.ts";
import type { Application } from "./application.ts";
import { GIVEN_ROOM } from "./test_rooms.ts";
import { within } from "./timeouts.ts";

/** The message that is broadcast in each round, with the number of the round as `n`. */
export const TICK = "tick";

/** The number of concurrent operations. */
const CALLS = 3;

/** The buffer of its streams, in items. */
const BUFFER = 2;

/**
 * The pause between rounds in milliseconds. A round sends fewer than 20 frames, and the
 * lowest limit is 1,000 frames per second.
 */
const PAUSE = 20;

/** An ordinary client that asserts that the server answers as usual. */
export class ControlClient {
  rounds = 0;
  readonly #server: Server;
  readonly #application: Application;
  readonly #connection: Connection;
  readonly #ticks: unknown[] = [];
  #onTick = (): void => {};
  #isClosed = false;

  private constructor(
    server: Server,
    application: Application,
    connection: Connection,
  ) {
    this.#server = server;
    this.#application = application;
    this.#connection = connection;
    void connection.closed.then(() => {
      this.#isClosed = true;
      this.#onTick();
    });
    connection.receive(TICK, ({ data }) => {
      this.#ticks.push(data.n);
      this.#onTick();
    });
    connection.receive(REQUEST_NAME, (message) => this.#answer(message));
  }

  /** Connects. */
  static async open(
    server: Server,
    application: Application,
  ): Promise<ControlClient> {
    const connection = await connect(server.token, { url: server.url });
    // Otherwise the client logs that no listener receives the messages of the room.
    connection.receive(() => {});
    return new ControlClient(server, application, connection);
  }

  /** Runs rounds until `isOver` returns `true`. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await within(
        this.#runRound(),
        () => "the control client got no response in time",
      );
      this.rounds++;
      await pause(PAUSE);
    }
  }

  /** Closes the connection and asserts that it was open. */
  async close(): Promise<void> {
    assert(!this.#isClosed, "the connection of the control client was closed");
    await this.#connection.close();
  }

  async #runRound(): Promise<void> {
    await this.#call();
    await this.#sendMessage();
    await this.#receiveBroadcast();
    await this.#readStream();
    await this.#cancelStream();
    await this.#answerRequest();
  }

  /** Asserts that operations are answered in order. */
  async #call(): Promise<void> {
    const numbers = Array.from({ length: CALLS }, (_, n) => this.rounds + n);
    const answered: unknown[] = [];
    await Promise.all(numbers.map(async (n) => {
      const result = await this.#connection.operation("echo", { n });
      answered.push(result);
    }));
    assert.deepEqual(answered, numbers.map((n) => ({ n })));
  }

  /** Asserts that a message gets its own replies. */
  async #sendMessage(): Promise<void> {
    const n = this.rounds % 4;
    const sent = await this.#connection.message("many", { n });
    const replies = sent.replies.map((
      { data, replying },
    ) => [data.n, replying?.id]);
    const expected = Array.from({ length: n }, (_, index) => [index, sent.id]);
    assert.deepEqual(replies, expected);
  }

  /** Asserts that each broadcast arrives once. */
  async #receiveBroadcast(): Promise<void> {
    const { opened, open } = gate();
    this.#onTick = open;
    await this.#server.broadcast(TICK, { n: this.rounds });
    const room = this.#server.room(GIVEN_ROOM);
    await room.broadcast(GIVEN_ROOM, { n: this.rounds });
    if (this.#ticks.length === 0) await opened;
    assert.deepEqual(this.#ticks.splice(0), [this.rounds]);
  }

  /** Asserts that a stream yields all its items in order. */
  async #readStream(): Promise<void> {
    const n = this.rounds % 6;
    const stream = this.#connection.stream("rows", { n }, { buffer: BUFFER });
    const items = await Array.fromAsync(stream);
    assert.deepEqual(items, Array.from({ length: n }, (_, n) => ({ n })));
  }

  /** Asserts that a stream ends when the client cancels it. */
  async #cancelStream(): Promise<void> {
    const options = { buffer: BUFFER };
    const stream = this.#connection.stream("endless", {}, options);
    assert.deepEqual((await stream.next()).value, { n: 0 });
    assert.deepEqual((await stream.next()).value, { n: 1 });
    await stream.return();
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  }

  /** Asserts that the server gets the reply to its request. */
  async #answerRequest(): Promise<void> {
    const data = { mark: `mark of round ${this.rounds}`, plan: "both" };
    const result = await this.#connection.operation(REQUEST_OPERATION, data);
    assert.equal(result, this.rounds % 2 === 0 ? "reply" : "silence");
  }

  #answer(message: ServerMessage): void {
    const model = this.#application.serverRequests.models.get(
      message.data.mark,
    );
    model?.markReceived();
    if (this.rounds % 2 === 1) return model?.finish(false);
    model?.reply(0, true);
    void message.reply("answer", { n: 0 });
  }
}
