/**
 * The application of the server under test, which tracks its own handlers.
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
import type { Counters } from "./server_frames.ts";
import { isMark, REQUEST_NAME, ServerRequests } from "./server_requests.ts";
import {
  decline,
  LISTENERS,
  OPERATIONS,
  REPLY,
  type TestListener,
} from "./handlers.ts";
import { LONG_TIMEOUT } from "./server_request.ts";
import type { GeneratorState } from "./stream_matcher.ts";
import { iterable, STREAMS, type TestStream, yieldItems } from "./streams.ts";
import { Violation } from "./violation.ts";

const NO_CLIENT = 0;

/** The application, with the state of all its handlers. */
export class Application {
  /** The number of handlers that have not finished */
  pending = 0;
  /** The maximum number of pending handlers of one client */
  most = 0;
  readonly serverRequests: ServerRequests;
  readonly #server: Server;
  readonly #counters: Counters;
  readonly #pendingOf = new Map<number, number>();
  /** The states of the generators that have started, by their marks. */
  readonly #states = new Map<unknown, GeneratorState>();
  #started = 0;
  #ended = 0;

  /** Registers the operations and listeners. */
  constructor(server: Server, counters: Counters) {
    this.#server = server;
    this.#counters = counters;
    this.serverRequests = new ServerRequests(server, counters);
    this.#offerOperations();
    this.#offerStreams();
    this.#listen();
  }

  /** Returns the state of a generator, or `undefined` if it has not started or has no mark. */
  stateOf(mark: unknown): GeneratorState | undefined {
    return this.#states.get(mark);
  }

  /** Asserts that no request to a client had a wrong outcome. */
  assertRight(): void {
    const [problem] = this.serverRequests.problems;
    if (problem !== undefined) throw new Violation(problem);
  }

  /** Asserts that all generators have ended, after all clients have disconnected. */
  assertDone(): void {
    this.serverRequests.check();
    this.assertRight();
    assert.equal(this.#ended, this.#started, "a generator has not ended");
  }

  #offerOperations(): void {
    for (const [name, { schema, run }] of OPERATIONS) {
      const schemas = schema === undefined ? {} : { input: schema };
      this.#server.operation(name, schemas, (data, context) => {
        const { client } = context;
        const ask = () => this.serverRequests.send(client, data);
        const result = run(data, ask, () => context.signal);
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
        this.#track(countedSenderOf(message), this.#answer(listener, message));
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
    const count = (this.#pendingOf.get(client) ?? 0) + 1;
    this.#pendingOf.set(client, count);
    this.pending++;
    if (client !== NO_CLIENT) this.most = Math.max(this.most, count);
  }

  #leave(client: number): void {
    this.pending--;
    const remaining = this.#pendingOf.get(client)! - 1;
    if (remaining > 0) this.#pendingOf.set(client, remaining);
    else this.#pendingOf.delete(client);
  }

  async *#stream(
    stream: TestStream,
    data: JsonObject,
    context: OperationContext,
  ): AsyncGenerator<unknown, void, void> {
    const { client } = context;
    const payer = countedClientOf(stream, client);
    let state: GeneratorState = "ended";
    this.#begin(payer, data.mark);
    try {
      const { lastEventId } = context;
      yield* yieldItems(stream, data, () => context.signal, lastEventId);
    } catch (error) {
      state = "failed";
      throw error;
    } finally {
      if (stream.endDelay > 0) await pause(stream.endDelay);
      this.#end(payer, data.mark, state);
      const isThere = this.#server.clients.has(client);
      if (!isThere) this.#counters.note("generator after a disconnect");
    }
  }

  #begin(payer: number, mark: unknown): void {
    this.#started++;
    this.#enter(payer);
    if (isMark(mark)) this.#states.set(mark, "running");
  }

  #end(payer: number, mark: unknown, state: GeneratorState): void {
    this.#ended++;
    this.#leave(payer);
    if (isMark(mark)) this.#states.set(mark, state);
  }

  async #answer(listener: TestListener, message: ClientMessage): Promise<void> {
    const { replies, delay, fails, declines, isLate, asks } = listener;
    const { client, data } = message;
    const count = replies(data);
    for (let n = 0; n < count; n++) {
      if (delay > 0) await pause(delay);
      message.reply(REPLY, { n });
    }
    // The listener does not wait for these.
    if (isLate) void this.#track(NO_CLIENT, replyLate(message, count));
    if (asks) {
      void this.#track(
        NO_CLIENT,
        this.serverRequests.send(client, data, LONG_TIMEOUT),
      );
    }
    if (declines) decline(data);
    if (fails) throw new Error("secret of the application");
  }
}

/** Returns the client for which a pending generator counts. */
function countedClientOf({ ending }: TestStream, { id }: Client): number {
  // The client learns of an invalid item before the generator ends, so its next request
  // can start before that.
  return ending === "no JSON form" || ending === "invalid item"
    ? NO_CLIENT
    : id;
}

/** Returns the client for which a pending listener counts. */
function countedSenderOf({ client, replying }: ClientMessage): number {
  // A reply to a request of the server does not count towards `maxPending`.
  return replying?.name === REQUEST_NAME ? NO_CLIENT : client.id;
}

async function replyLate(message: ClientMessage, n: number): Promise<void> {
  await pause(3);
  message.reply(REPLY, { n });
}
