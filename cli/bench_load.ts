/**
 * Puts a server under load, and measures it.
 *
 * @module
 */

import { within } from "../common/async.ts";
import { ErrorCode, ResponseError, TimeoutError } from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import {
  describeMessage,
  describeOperation,
  detach,
  truncate,
} from "../common/text.ts";
import type { ClientLogger, connect, Connection } from "../client.ts";
import { Latencies } from "./latencies.ts";

/** What the clients of a load do. */
export interface LoadPlan {
  /** The kind of the requests */
  readonly kind: "operation" | "message";
  readonly name: string;
  readonly data: JsonObject;
  readonly connections: number;
  /** The number of requests in progress on each connection */
  readonly concurrency: number;
  /**
   * The number of requests per second of all connections together. Then a latency begins when
   * the request is due. If omitted, each request begins when the one before has ended
   */
  readonly rate?: number | undefined;
}

/** Where the load connects to. */
export interface LoadTarget {
  readonly connect: typeof connect;
  readonly url: string;
  readonly token: string;
  readonly caCerts?: readonly string[] | undefined;
  readonly timeout: number;
  /** Receives the warnings of all clients; the console if omitted */
  readonly logger?: ClientLogger | undefined;
}

/** What was measured in one round. */
export interface Round {
  readonly latencies: Latencies;
  /** How long the round took, in milliseconds */
  readonly duration: number;
  /** The number of errors of handlers, by their names */
  readonly errors: ReadonlyMap<string, number>;
}

/** The errors of handlers, which do not end the load. */
const COUNTED: ReadonlySet<number> = new Set([
  ErrorCode.SERVER_ERROR,
  ErrorCode.BROKER_UNAVAILABLE,
]);

/** The clients of one server. */
export class Load implements AsyncDisposable {
  readonly #plan: LoadPlan;
  readonly #connections: readonly Connection[];
  /** How long the requests in progress can take at the end of a round, in milliseconds */
  readonly #timeout: number;

  private constructor(
    plan: LoadPlan,
    connections: readonly Connection[],
    timeout: number,
  ) {
    this.#plan = plan;
    this.#connections = connections;
    this.#timeout = timeout;
  }

  /**
   * Connects all clients, one after the other.
   *
   * @throws {HoistError} If one of them cannot connect
   */
  static async connect(
    { connect, url, token, caCerts, timeout, logger }: LoadTarget,
    plan: LoadPlan,
    signal: AbortSignal,
  ): Promise<Load> {
    const options = { url, caCerts, timeout, signal, logger };
    const connections: Connection[] = [];
    const load = new Load(plan, connections, timeout);
    try {
      for (let n = 0; n < plan.connections; n++) {
        const connection = await connect(token, options);
        connections.push(connection);
        // Without a listener, the client warns of each event that it does not expect.
        connection.receive(() => {});
      }
      return load;
    } catch (error) {
      await load[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#connections.map((each) => each.close()));
  }

  /**
   * Sends requests for a time.
   *
   * @param duration The time in milliseconds
   * @param signal Ends the round
   * @param onProgress Called now and then with the number of answers
   *
   * @throws The first error of a request, unless it is an error of a handler
   * @throws {TimeoutError} If there was no answer at all
   */
  async run(
    duration: number,
    signal: AbortSignal,
    onProgress: (count: number) => void = () => {},
  ): Promise<Round> {
    const start = performance.now();
    const state = new RoundState(this.#plan, start + duration, onProgress);
    const loops = this.#connections.flatMap((connection) =>
      Array.from(
        { length: this.#plan.concurrency },
        () => state.loop(connection, signal),
      )
    );
    try {
      const all = Promise.all(loops);
      const onTimeout = () => UNANSWERED;
      await within(all, signal, duration + this.#timeout, onTimeout);
    } catch (error) {
      if (error !== UNANSWERED) throw error;
      if (state.latencies.count === 0) throw silent(this.#plan, this.#timeout);
    } finally {
      state.stop();
    }
    const { latencies, errors } = state;
    return { latencies, errors, duration: performance.now() - start };
  }
}

function silent({ kind, name }: LoadPlan, timeout: number): TimeoutError {
  const subject = kind === "message" ? describeMessage : describeOperation;
  return new TimeoutError(
    `Cannot measure ${
      subject(name)
    }: there was no answer within ${timeout} ms. Raise 'timeout' to wait longer.`,
  );
}

/** The requests in progress are not waited for any longer. */
const UNANSWERED = Symbol("unanswered");

/** The time between two reports of the progress, in milliseconds. */
const PROGRESS_INTERVAL = 200;

/** How many names of errors are counted on their own, because a server can invent them. */
const MAX_NAMES = 16;

/** The requests of one round. */
class RoundState {
  readonly latencies = new Latencies();
  readonly errors = new Map<string, number>();
  readonly #plan: LoadPlan;
  readonly #onProgress: (count: number) => void;
  readonly #start = performance.now();
  #end: number;
  #next = 0;
  #nextReport = this.#start + PROGRESS_INTERVAL;

  constructor(
    plan: LoadPlan,
    end: number,
    onProgress: (count: number) => void,
  ) {
    this.#plan = plan;
    this.#end = end;
    this.#onProgress = onProgress;
  }

  stop(): void {
    this.#end = -Infinity;
  }

  /** Sends one request after the other. */
  async loop(connection: Connection, signal: AbortSignal): Promise<void> {
    for (;;) {
      const due = this.#due();
      if (due >= this.#end || signal.aborted) return;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      const now = performance.now();
      if (now >= this.#end) return;
      // A timer that is late is not the fault of the server.
      await this.#request(connection, wait > 0 ? now : due);
    }
  }

  /** When the next request should begin. */
  #due(): number {
    const { rate } = this.#plan;
    if (rate === undefined) return performance.now();
    return this.#start + this.#next++ * 1_000 / rate;
  }

  async #request(connection: Connection, start: number): Promise<void> {
    const { kind, name, data } = this.#plan;
    try {
      await (kind === "message"
        ? connection.message(name, data)
        : connection.operation(name, data));
    } catch (error) {
      this.#count(error);
    }
    const now = performance.now();
    this.latencies.add(now - start);
    if (now < this.#nextReport) return;
    this.#nextReport = now + PROGRESS_INTERVAL;
    this.#onProgress(this.latencies.count);
  }

  #count(error: unknown): void {
    if (!(error instanceof ResponseError) || !COUNTED.has(error.code)) {
      throw error;
    }
    const shown = detach(truncate(error.error));
    const isCounted = this.errors.has(shown) || this.errors.size < MAX_NAMES;
    const name = isCounted ? shown : "other errors";
    this.errors.set(name, (this.errors.get(name) ?? 0) + 1);
  }
}

/** Waits without the grace period of a deadline, which would delay each request. */
function sleep(time: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, time));
}
