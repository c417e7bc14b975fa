/**
 * Many clients of one server. The first client can call operations.
 *
 * @module
 */

import type { GeneratorOptions } from "./commands.ts";
import { answerPings, logIn, takeChunks } from "./conversation.ts";
import { Counter } from "./counter.ts";
import { within } from "../../lib/deadline.ts";
import { type Dialect, makeDialect } from "./dialects.ts";
import { textFrame } from "../../lib/frames.ts";
import type { Wire } from "./wire.ts";

/** The number of clients that connect at the same time. */
const WIDTH = 64;

/** The longest operation call, in milliseconds. */
const TIMEOUT = 20_000;

/** Many clients of one server. */
export class ClientPool {
  readonly port: number;
  readonly dialect: Dialect;
  readonly wires: Wire[] = [];
  readonly #loss = Promise.withResolvers<never>();
  #lastId = 0;

  constructor({ port, dialect }: GeneratorOptions) {
    this.port = port;
    this.dialect = makeDialect(dialect);
    // `wait` observes the loss, but nobody waits at this moment.
    this.#loss.promise.catch(() => {});
  }

  /** Logs in clients until the pool has a number of them. */
  async grow(count: number): Promise<void> {
    let missing = count - this.wires.length;
    const connect = async () => {
      while (missing-- > 0) this.#add(await this.logIn());
    };
    await Promise.all(Array.from({ length: WIDTH }, connect));
  }

  /** Waits for a promise until the deadline or until a connection is lost. */
  wait<T>(
    promise: Promise<T>,
    limit: number,
    describe: () => string,
  ): Promise<T> {
    const unlessLost = Promise.race([promise, this.#loss.promise]);
    return within(unlessLost, limit, describe);
  }

  /** Connects a client that does not belong to the pool. */
  logIn(): Promise<Wire> {
    return logIn(this.port, this.dialect);
  }

  /** The client that calls operations. */
  get caller(): Wire {
    const [first] = this.wires;
    if (first !== undefined) return first;
    throw new Error("no client is connected");
  }

  /** Calls an operation; the chunks of the caller contain the result. */
  call(name: string, data?: Record<string, number>): void {
    const text = this.dialect.call(++this.#lastId, name, data);
    this.caller.write(textFrame(text));
  }

  /** Calls an operation, and waits for its result. Returns the chunk that contains it. */
  async callAndWait(
    name: string,
    data?: Record<string, number>,
  ): Promise<string> {
    const { caller, dialect } = this;
    const counter = new Counter(RESULT);
    const answered = new Promise<string>((resolve) => {
      takeChunks(caller, dialect, (chunk) => {
        if (counter.count(chunk) > 0) resolve(chunk.toString("latin1"));
      });
    });
    this.call(name, data);
    const describe = () =>
      `no result of ${name}, received last: ${caller.lastReceived()}`;
    const result = await this.wait(answered, TIMEOUT, describe);
    answerPings(caller, dialect);
    return result;
  }

  /** Ignores all chunks from now on, except for pings. */
  rest(): void {
    for (const wire of this.wires) answerPings(wire, this.dialect);
  }

  #add(wire: Wire): void {
    this.wires.push(wire);
    wire.onEnd = () => {
      const received = wire.lastReceived();
      const problem =
        `the server closed a connection, received last: ${received}`;
      this.#loss.reject(new Error(problem));
    };
  }
}

/** A string that occurs once in each result, and in no other frame. */
export const RESULT = '"result"';
