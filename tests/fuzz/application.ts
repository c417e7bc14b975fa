/**
 * The host program of the server under test, and what it knows of its handlers.
 *
 * @module
 */

import assert from "node:assert/strict";
import type {
  Client,
  ClientMessage,
  OperationContext,
} from "../../server/message.ts";
import type { JsonObject } from "../../common/json.ts";
import type { Server } from "../../server.ts";
import { pause } from "../support/timing.ts";
import type { Tally } from "./server_frames.ts";
import { Asking, isMark, QUESTION } from "./server_requests.ts";
import { type HostListener, LISTENERS, OPERATIONS, REPLY } from "./handlers.ts";
import { LONG } from "./server_request.ts";
import type { Fate } from "./stream_responses.ts";
import { give, type HostStream, iterable, STREAMS } from "./streams.ts";
import { Violation } from "./violation.ts";

const NOBODY = 0;

/** What a host knows of itself. */
export class Host {
  /** Handlers that have not finished */
  underWay = 0;
  /** The most handlers that one client had under way */
  most = 0;
  readonly asking: Asking;
  readonly #server: Server;
  readonly #tally: Tally;
  readonly #of = new Map<number, number>();
  /** What has become of the streams that have begun, by their marks. */
  readonly #fates = new Map<unknown, Fate>();
  #begun = 0;
  #ended = 0;

  /** Gives a server its operations and listeners. */
  constructor(server: Server, tally: Tally) {
    this.#server = server;
    this.#tally = tally;
    this.asking = new Asking(server, tally);
    this.#offerOperations();
    this.#offerStreams();
    this.#listen();
  }

  /** What has become of a stream; `undefined` if it has not begun, or has no mark */
  fateOf(mark: unknown): Fate | undefined {
    return this.#fates.get(mark);
  }

  /** Whoever was asked was understood. */
  assertRight(): void {
    const [problem] = this.asking.problems;
    if (problem !== undefined) throw new Violation(problem);
  }

  /** Everybody has left, and no generator is left over. */
  assertDone(): void {
    this.asking.judge();
    this.assertRight();
    assert.equal(this.#ended, this.#begun, "a generator is left over");
  }

  #offerOperations(): void {
    for (const [name, { schema, run }] of OPERATIONS) {
      const schemas = schema === undefined ? {} : { input: schema };
      this.#server.operation(name, schemas, (data, { client }) => {
        const result = run(data, () => this.asking.ask(client, data));
        return result instanceof Promise
          ? this.#track(client.id, result)
          : result;
      });
    }
  }

  #offerStreams(): void {
    for (const [name, stream] of STREAMS) {
      const { schema, isGenerator } = stream;
      const schemas = schema === undefined ? {} : { yields: schema };
      const run = (data: JsonObject, context: OperationContext) =>
        this.#stream(stream, data, context);
      this.#server.operation(
        name,
        schemas,
        isGenerator
          ? async function* (data, context) {
            yield* run(data, context);
          }
          : (data, context) => iterable(run(data, context)),
      );
    }
  }

  #listen(): void {
    for (const [name, listener] of LISTENERS) {
      const { schema } = listener;
      const listen = (message: ClientMessage) =>
        this.#track(senderOf(message), this.#answer(listener, message));
      if (schema === undefined) this.#server.receive(name, listen);
      else this.#server.receive(name, schema, listen);
    }
  }

  async #track(client: number, running: Promise<unknown>): Promise<unknown> {
    this.#enter(client);
    try {
      return await running;
    } finally {
      this.#leave(client);
    }
  }

  #enter(client: number): void {
    const count = (this.#of.get(client) ?? 0) + 1;
    this.#of.set(client, count);
    this.underWay++;
    if (client !== NOBODY) this.most = Math.max(this.most, count);
  }

  #leave(client: number): void {
    this.underWay--;
    const left = this.#of.get(client)! - 1;
    if (left > 0) this.#of.set(client, left);
    else this.#of.delete(client);
  }

  async *#stream(
    stream: HostStream,
    data: JsonObject,
    context: OperationContext,
  ): AsyncGenerator<unknown, void, void> {
    const { client } = context;
    const payer = payerOf(stream, client);
    let fate: Fate = "ended";
    this.#begin(payer, data.mark);
    try {
      yield* give(stream, data, () => context.signal);
    } catch (error) {
      fate = "failed";
      throw error;
    } finally {
      if (stream.farewell > 0) await pause(stream.farewell);
      this.#end(payer, data.mark, fate);
      const isThere = this.#server.clients.has(client);
      if (!isThere) this.#tally.note("generator of somebody who has left");
    }
  }

  #begin(payer: number, mark: unknown): void {
    this.#begun++;
    this.#enter(payer);
    if (isMark(mark)) this.#fates.set(mark, "running");
  }

  #end(payer: number, mark: unknown, fate: Fate): void {
    this.#ended++;
    this.#leave(payer);
    if (isMark(mark)) this.#fates.set(mark, fate);
  }

  async #answer(listener: HostListener, message: ClientMessage): Promise<void> {
    const { replies, delay, fails, isLate, asks } = listener;
    const { client, data } = message;
    const count = replies(data);
    for (let n = 0; n < count; n++) {
      if (delay > 0) await pause(delay);
      message.reply(REPLY, { n });
    }
    // Nobody waits for these.
    if (isLate) void this.#track(NOBODY, replyLate(message, count));
    if (asks) void this.#track(NOBODY, this.asking.ask(client, data, LONG));
    if (fails) throw new Error("secret of the host");
  }
}

/** For whom a generator counts that is under way. */
function payerOf({ ending }: HostStream, { id }: Client): number {
  // The client is told that an item was wrong before the generator is: what it asks
  // for next may begin in between.
  return ending === "unsayable" || ending === "unfit" ? NOBODY : id;
}

/** For whom a listener counts that is under way. */
function senderOf({ client, replying }: ClientMessage): number {
  // There is room for what the host has asked for, however much is under way.
  return replying?.name === QUESTION ? NOBODY : client.id;
}

async function replyLate(message: ClientMessage, n: number): Promise<void> {
  await pause(3);
  message.reply(REPLY, { n });
}
