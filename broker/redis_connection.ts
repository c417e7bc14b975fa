/**
 * The connection of a server to Redis, which its broker and its cluster share. It connects
 * again until it is closed, and then subscribes to all channels before it reports this.
 *
 * @module
 */

import { Deadline } from "../common/async.ts";
import type { PublishError } from "../common/hoist_error.ts";
import { backoff } from "./backoff.ts";
import type { RedisReply } from "./redis_client.ts";
import {
  closedByServer,
  failureOf,
  publishErrorOf,
  RedisFailure,
} from "./redis_errors.ts";
import type { RedisSettings } from "./redis_options.ts";
import type { RedisScript } from "./redis_scripts.ts";
import { RedisSession } from "./redis_session.ts";
import type { EngineLimit } from "./too_large.ts";

/** A broker or a cluster that uses the connection. */
export interface RedisUser {
  /**
   * Called when Redis can be used again after it was down, and all channels are subscribed. If
   * it rejects, the connection ends.
   */
  onUp(): Promise<void>;
  /** Called when Redis cannot be used any more, and when the reason changes. */
  onDown(failure: RedisFailure): void;
}

/** Gets the messages of a channel. */
export type ReceiveMessage = (message: string) => void;

/** The connection of one server to Redis. */
export class RedisConnection {
  readonly #settings: RedisSettings;
  readonly #users = new Set<RedisUser>();
  readonly #channels = new Map<string, ReceiveMessage>();
  #session: RedisSession | undefined;
  /** Why Redis cannot be used, as the users know it */
  #failure: RedisFailure | undefined;
  #opening: Promise<void> | undefined;
  /** Aborts when the last user has closed */
  #life = new AbortController();

  /** Constructs a `RedisConnection`, which does not connect yet. */
  constructor(settings: RedisSettings) {
    this.#settings = settings;
  }

  /**
   * Connects, unless another user has done this.
   *
   * @throws {PublishError} If Redis cannot be used
   */
  async open(user: RedisUser): Promise<void> {
    this.#users.add(user);
    try {
      await (this.#opening ??= this.#start());
      if (this.#session === undefined) throw this.#down;
    } catch (error) {
      this.close(user);
      throw this.errorOf(failureOf(error));
    }
  }

  /** The longest argument of a command; `undefined` if it is unknown */
  get limit(): EngineLimit | undefined {
    return this.#session?.limit;
  }

  /** Makes the error that says why Redis cannot be used. */
  errorOf(failure: RedisFailure): PublishError {
    return publishErrorOf(`Cannot use Redis at ${this.#address}`, failure);
  }

  /** Ends the connection when the last user has closed. */
  close(user: RedisUser): void {
    this.#users.delete(user);
    if (this.#users.size > 0) return;
    this.#life.abort(closedByServer());
    this.#life = new AbortController();
    this.#opening = undefined;
    this.#channels.clear();
    this.#session?.close();
    this.#session = undefined;
  }

  /**
   * Sends a command.
   *
   * @param subject What fails, such as `Cannot publish`
   *
   * @throws {PublishError} If it fails
   */
  run(
    subject: string,
    name: string,
    ...args: readonly string[]
  ): Promise<RedisReply> {
    return this.#use(subject, (session) => session.run(name, args));
  }

  /** Returns how Redis deletes keys when its memory is full; `undefined` if it deletes none. */
  async evictionPolicy(): Promise<string | undefined> {
    const info = await this.#session?.info("memory") ?? "";
    const [, policy] = /^maxmemory_policy:([\w-]+)/m.exec(info) ?? [];
    const isLimited = /^maxmemory:[1-9]/m.test(info);
    return isLimited && policy !== "noeviction" ? policy : undefined;
  }

  /** Runs a script, like `run`. */
  evaluate(
    subject: string,
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<RedisReply> {
    return this.#use(
      subject,
      (session) => session.evaluate(script, keys, args),
    );
  }

  /**
   * Subscribes to a channel until `unsubscribe` is called, also after a reconnect.
   *
   * @throws {PublishError} If Redis has not confirmed it
   */
  async subscribe(channel: string, receive: ReceiveMessage): Promise<void> {
    this.#channels.set(channel, receive);
    try {
      await this.#use(
        "Cannot subscribe",
        (session) => session.subscribe([channel]),
      );
    } catch (error) {
      if (this.#channels.get(channel) === receive) {
        this.#channels.delete(channel);
      }
      throw error;
    }
  }

  /** Ends the subscription to a channel; never rejects. */
  async unsubscribe(channel: string): Promise<void> {
    this.#channels.delete(channel);
    // Without a connection, there is no subscription, either.
    await this.#session?.unsubscribe(channel).catch(() => {});
  }

  // This is not an async function, because those cost several times the CPU.
  #use<Result>(
    subject: string,
    use: (session: RedisSession) => Promise<Result>,
  ): Promise<Result> {
    if (this.#session === undefined) {
      return Promise.reject(publishErrorOf(subject, this.#down));
    }
    return use(this.#session).catch((error) => {
      throw publishErrorOf(subject, failureOf(error));
    });
  }

  get #down(): RedisFailure {
    const reason = this.#failure?.message ?? "the server is not connected.";
    return new RedisFailure("down", `Redis is down: ${reason}`);
  }

  get #address(): string {
    const { host, port } = this.#settings;
    return `${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  async #start(): Promise<void> {
    const { signal } = this.#life;
    try {
      const session = await this.#connect(signal);
      this.#failure = undefined;
      void this.#keep(session, signal);
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** Connects and subscribes to all channels before anybody uses the session. */
  async #connect(signal: AbortSignal): Promise<RedisSession> {
    const session = await RedisSession.open(
      this.#settings,
      (channel, message) => this.#channels.get(channel)?.(message),
      signal,
    );
    try {
      await this.#subscribeAll(session);
      signal.throwIfAborted();
    } catch (error) {
      session.close();
      throw error;
    }
    return this.#session = session;
  }

  async #subscribeAll(session: RedisSession): Promise<void> {
    const channels = [...this.#channels.keys()];
    await session.subscribe(channels);
    // `unsubscribe` does not know a session that is not in use yet.
    const ended = channels.filter((channel) => !this.#channels.has(channel));
    await Promise.all(ended.map((channel) => session.unsubscribe(channel)));
  }

  /** Connects again whenever the session has ended. */
  async #keep(first: RedisSession, signal: AbortSignal): Promise<void> {
    for (let session: RedisSession | undefined = first; session;) {
      const failure = await session.ended;
      if (signal.aborted) return;
      this.#session = undefined;
      this.#onFailure(failure);
      session = await this.#reopen(signal);
    }
  }

  /** Tries to connect until it succeeds; `undefined` if there is no user any more. */
  async #reopen(signal: AbortSignal): Promise<RedisSession | undefined> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      await pause(backoff(attempt), signal);
      if (signal.aborted) break;
      try {
        const session = await this.#connect(signal);
        await this.#tellUp();
        return session;
      } catch (error) {
        if (signal.aborted) break;
        this.#session?.close();
        this.#session = undefined;
        this.#onFailure(failureOf(error));
      }
    }
    return undefined;
  }

  async #tellUp(): Promise<void> {
    await Promise.all(Array.from(this.#users, (user) => user.onUp()));
    this.#failure = undefined;
  }

  #onFailure(failure: RedisFailure): void {
    if (this.#failure?.message === failure.message) return;
    this.#failure = failure;
    for (const user of this.#users) user.onDown(failure);
  }
}

/** Waits, at most until the signal aborts. */
async function pause(delay: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const deadline = new Deadline(delay, resolve);
  const onAbort = () => resolve();
  signal.addEventListener("abort", onAbort);
  await promise;
  deadline.cancel();
  // A long outage has very many pauses.
  signal.removeEventListener("abort", onAbort);
}
