/**
 * One connection to Redis. It never connects again: `RedisConnection` makes a new one.
 *
 * @module
 */

import type { Redis } from "npm:ioredis@6.0.0";
import { within as withinTime } from "../common/async.ts";
import { closedByServer, failureOf, RedisFailure } from "./redis_errors.ts";
import { DEFAULT_USER, type RedisSettings } from "./redis_options.ts";

/** An answer of Redis, as the library returns it. */
export type RedisReply = unknown;

/** One connection to Redis, which is ready. */
export class RedisClient {
  /** Resolves with the reason when the connection has ended */
  readonly ended: Promise<RedisFailure>;
  readonly #redis: Redis;
  readonly #end: (failure: RedisFailure) => void;
  #isClosed = false;
  /** Whether the commands wait for the end of the tick */
  #isGathering = false;

  private constructor(redis: Redis) {
    const { promise, resolve } = Promise.withResolvers<RedisFailure>();
    this.ended = promise;
    this.#end = resolve;
    this.#redis = redis;
    let lastError: unknown = new RedisFailure(
      "down",
      "the connection was lost.",
    );
    // Without a listener, the library writes the error to the console.
    redis.on("error", (error: unknown) => lastError = error);
    for (const event of ["close", "end"]) {
      redis.on(event, () => this.#onClosed(failureOf(lastError)));
    }
  }

  /**
   * Connects, logs in and waits until Redis answers.
   *
   * @param settings Where to connect, and how
   * @param signal Ends the attempt, with a failure as its reason
   *
   * @throws {RedisFailure} If this fails, or takes longer than the timeout
   */
  static async connect(
    settings: RedisSettings,
    signal: AbortSignal,
  ): Promise<RedisClient> {
    const client = new RedisClient(await create(settings));
    try {
      await within(client.#open(settings), settings.timeout, signal);
      return client;
    } catch (error) {
      client.close();
      throw failureOf(error);
    }
  }

  /**
   * Sends a command.
   *
   * @throws {RedisFailure} If Redis refuses it, or the connection ends first
   */
  run(name: string, args: readonly string[]): Promise<RedisReply> {
    this.#gather();
    return this.#redis.call(name, args as string[]).catch(this.#refuse);
  }

  /**
   * Sends a command that a server can do without, if the user lacks the right for it.
   *
   * @returns `undefined` if it fails. The connection stays open
   */
  async runIfAllowed(name: string, ...args: readonly string[]) {
    const answer: RedisReply = await this.#redis.call(name, [...args])
      .catch(() => undefined);
    return answer;
  }

  /** Subscribes to channels; resolves when Redis has confirmed it. */
  async subscribe(channels: readonly string[]): Promise<void> {
    try {
      await this.#redis.subscribe(...channels);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Ends subscriptions. */
  async unsubscribe(channels: readonly string[]): Promise<void> {
    try {
      await this.#redis.unsubscribe(...channels);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Sets the function that gets the messages of all channels. */
  onMessage(receive: (channel: string, message: string) => void): void {
    this.#redis.on("message", receive);
  }

  /**
   * Ends the connection if Redis does not answer.
   *
   * @param timeout How long to wait, in milliseconds
   */
  async probe(timeout: number): Promise<void> {
    try {
      await within(this.#redis.ping(), timeout);
    } catch (error) {
      this.close(failureOf(error));
    }
  }

  /** Ends the connection at once. */
  close(failure = closedByServer()): void {
    if (this.#isClosed) return;
    this.#onClosed(failure);
    this.#write();
    const { stream } = this.#redis;
    // `disconnect` waits until Redis has closed its side, too.
    if (stream === undefined) this.#redis.disconnect();
    else stream.destroy();
  }

  /** Lets the commands of one tick share a write, because each write is a system call. */
  #gather(): void {
    const { stream } = this.#redis;
    if (this.#isGathering || stream === undefined) return;
    this.#isGathering = true;
    stream.cork();
    queueMicrotask(() => this.#write());
  }

  /** Writes the commands of this tick. */
  #write(): void {
    if (!this.#isGathering) return;
    this.#isGathering = false;
    this.#redis.stream?.uncork();
  }

  #onClosed(failure: RedisFailure): void {
    this.#isClosed = true;
    this.#end(failure);
  }

  async #open({ username, password }: RedisSettings): Promise<void> {
    const secret = await password();
    // Without this check, a closed client would connect.
    if (this.#isClosed) throw await this.ended;
    try {
      await this.#redis.connect();
    } catch {
      // The error of the library says less than the one that it has emitted.
      throw await this.ended;
    }
    // The library would write an error of the login to the console. A user without a password
    // can log in with any.
    const needsLogin = secret !== undefined || username !== DEFAULT_USER;
    if (needsLogin) await this.run("AUTH", [username, secret ?? ""]);
    await this.#redis.ping();
  }

  /** Rejects with the failure of a command. One function costs less than one for each command. */
  readonly #refuse = (error: unknown): never => {
    throw this.#fail(error);
  };

  /** Makes the failure of a command. It ends the connection if this cannot be used. */
  #fail(error: unknown): RedisFailure {
    const failure = failureOf(error);
    if (failure.kind !== "answer") this.close(failure);
    return failure;
  }
}

async function within<Value>(
  promise: Promise<Value>,
  timeout: number,
  signal?: AbortSignal,
): Promise<Value> {
  const message = `Redis has not answered within ${timeout / 1_000} s.`;
  const late = () => new RedisFailure("down", message);
  return await withinTime(promise, signal, timeout, late);
}

/** Creates a client of the library, which does nothing by itself. */
async function create(
  { host, port, isTls, caCerts, timeout }: RedisSettings,
): Promise<Redis> {
  const { Redis } = await load();
  return new Redis({
    ...{ host, port, protocol: 2, connectTimeout: timeout },
    ...(isTls
      ? { tls: caCerts === undefined ? {} : { ca: [...caCerts] } }
      : {}),
    ...{ lazyConnect: true, enableReadyCheck: false, disableClientInfo: true },
    ...{ enableOfflineQueue: false, autoResubscribe: false },
    ...{ autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 },
    retryStrategy: null,
  });
}

/** Loads the library, which needs a permission. A program that only imports this does not. */
async function load() {
  try {
    return await import("npm:ioredis@6.0.0");
  } catch (error) {
    throw failureOf(error);
  }
}
