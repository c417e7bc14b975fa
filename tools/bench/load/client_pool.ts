/**
 * Many clients of one server, the first of which can call operations.
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

/** How many connect at the same time. */
const WIDTH = 64;

/** How long a call may take, in milliseconds. */
const PATIENCE = 20_000;

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
    // Heard by whoever waits for something; nobody may do so right now.
    this.#loss.promise.catch(() => {});
  }

  /** Lets more clients log in until there are so many. */
  async grow(count: number): Promise<void> {
    let missing = count - this.wires.length;
    const connect = async () => {
      while (missing-- > 0) this.#add(await this.logIn());
    };
    await Promise.all(Array.from({ length: WIDTH }, connect));
  }

  /** Waits, but neither for ever nor when somebody has lost the connection. */
  wait<T>(
    promise: Promise<T>,
    limit: number,
    describe: () => string,
  ): Promise<T> {
    const unlessLost = Promise.race([promise, this.#loss.promise]);
    return within(unlessLost, limit, describe);
  }

  /** Connects one that does not belong to the pool. */
  logIn(): Promise<Wire> {
    return logIn(this.port, this.dialect);
  }

  /** The one that calls operations. */
  get speaker(): Wire {
    const [first] = this.wires;
    if (first !== undefined) return first;
    throw new Error("nobody is connected");
  }

  /** Calls an operation; whoever listens to the speaker sees the answer. */
  call(name: string, data?: Record<string, number>): void {
    const text = this.dialect.call(++this.#lastId, name, data);
    this.speaker.write(textFrame(text));
  }

  /** Calls an operation and waits for its answer. */
  async ask(name: string): Promise<void> {
    const { speaker, dialect } = this;
    const counter = new Counter(RESULT);
    const answered = new Promise<void>((resolve) => {
      takeChunks(speaker, dialect, (chunk) => {
        if (counter.count(chunk) > 0) resolve();
      });
    });
    this.call(name);
    const describe = () => `no answer to ${name}: ${speaker.lastWords()}`;
    await this.wait(answered, PATIENCE, describe);
    answerPings(speaker, dialect);
  }

  /** Nothing that comes is looked at any more. */
  rest(): void {
    for (const wire of this.wires) answerPings(wire, this.dialect);
  }

  #add(wire: Wire): void {
    this.wires.push(wire);
    wire.onEnd = () => {
      const words = wire.lastWords();
      const problem = `the server ended a connection, its last words: ${words}`;
      this.#loss.reject(new Error(problem));
    };
  }
}

/** What occurs in the answer to every call, and in nothing else. */
export const RESULT = '"result"';
