/**
 * The two connections to Redis that belong together: one for commands, and one for messages,
 * because a connection with subscriptions accepts no commands. Both end together.
 *
 * @module
 */

import { Deadline } from "../common/async.ts";
import { RedisClient, type RedisReply } from "./redis_client.ts";
import { failureOf, type RedisFailure } from "./redis_errors.ts";
import { DEFAULT_USER, type RedisSettings } from "./redis_options.ts";
import { type RedisScript, SCRIPTS } from "./redis_scripts.ts";
import type { EngineLimit } from "./too_large.ts";

/** The maximum number of channels of one command. */
const MAX_CHANNELS = 1_000;

/** Two connections to Redis that are ready. */
export class RedisSession {
  /** Resolves with the reason when the first of the connections has ended */
  readonly ended: Promise<RedisFailure>;
  readonly #commands: RedisClient;
  readonly #subscriber: RedisClient;
  readonly #hashes = new Map<RedisScript, string>();
  readonly #interval: number;
  #limit: EngineLimit | undefined;
  #next: Deadline | undefined;
  #isClosed = false;

  private constructor(
    commands: RedisClient,
    subscriber: RedisClient,
    timeout: number,
  ) {
    this.#commands = commands;
    this.#subscriber = subscriber;
    // The pause and the probe together take as long as Redis can take to answer.
    this.#interval = timeout / 2;
    this.ended = Promise.race([commands.ended, subscriber.ended]);
    void this.ended.then(() => this.close());
    this.#probeLater();
  }

  /**
   * Connects.
   *
   * @param settings Where to connect, and how
   * @param receive Gets the messages of all channels
   * @param signal Ends the attempt, with a failure as its reason
   *
   * @throws {RedisFailure} If one of the connections fails
   */
  static async open(
    settings: RedisSettings,
    receive: (channel: string, message: string) => void,
    signal: AbortSignal,
  ): Promise<RedisSession> {
    const commands = await RedisClient.connect(settings, signal);
    try {
      const subscriber = await RedisClient.connect(settings, signal);
      subscriber.onMessage(receive);
      const session = new RedisSession(commands, subscriber, settings.timeout);
      await session.#load();
      // For a user with few rights, Redis would log a violation of its rules.
      if (settings.username === DEFAULT_USER) await session.#readLimit();
      return session;
    } catch (error) {
      commands.close();
      throw failureOf(error);
    }
  }

  /** The longest argument of a command; `undefined` if the user cannot read it */
  get limit(): EngineLimit | undefined {
    return this.#limit;
  }

  /** Sends a command. */
  run(name: string, args: readonly string[]): Promise<RedisReply> {
    return this.#commands.run(name, args);
  }

  /** Returns a section of what Redis says about itself; empty if the user must not read it. */
  async info(section: string): Promise<string> {
    return String(await this.#commands.runIfAllowed("INFO", section) ?? "");
  }

  /** Runs a script. */
  evaluate(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<RedisReply> {
    const rest = [String(keys.length), ...keys, ...args];
    const hash = this.#hashes.get(script)!;
    return this.run("EVALSHA", [hash, ...rest]).catch((error) => {
      const isForgotten = error instanceof Error &&
        error.message.startsWith("NOSCRIPT");
      if (!isForgotten) throw error;
      return this.run("EVAL", [script.text, ...rest]);
    });
  }

  /** Subscribes to channels. */
  async subscribe(channels: readonly string[]): Promise<void> {
    for (let index = 0; index < channels.length; index += MAX_CHANNELS) {
      const part = channels.slice(index, index + MAX_CHANNELS);
      await this.#subscriber.subscribe(part);
    }
  }

  /** Ends the subscription to a channel. */
  unsubscribe(channel: string): Promise<void> {
    return this.#subscriber.unsubscribe([channel]);
  }

  /** Ends both connections. */
  close(): void {
    this.#isClosed = true;
    this.#next?.cancel();
    this.#commands.close();
    this.#subscriber.close();
  }

  /** Sends the scripts first, because one that is sent late could overtake another one. */
  async #load(): Promise<void> {
    for (const script of SCRIPTS) {
      const hash = await this.run("SCRIPT", ["LOAD", script.text]);
      this.#hashes.set(script, String(hash));
    }
  }

  /** Redis closes the connection of a client that sends more than this. */
  async #readLimit(): Promise<void> {
    const setting = "proto-max-bulk-len";
    const answer = await this.#commands.runIfAllowed("CONFIG", "GET", setting);
    const value = Array.isArray(answer) ? Number(answer[1]) : 0;
    if (value > 0) this.#limit = { engine: "Redis", setting, value };
  }

  /** An engine that is frozen or was replaced does not close the connection. */
  async #probe(): Promise<void> {
    const clients = [this.#commands, this.#subscriber];
    await Promise.all(clients.map((each) => each.probe(this.#interval)));
    this.#probeLater();
  }

  #probeLater(): void {
    if (this.#isClosed) return;
    this.#next = new Deadline(this.#interval, () => void this.#probe());
  }
}
