/** Brokers and clusters in a real Redis. */

import assert from "node:assert/strict";
import type { BrokerEvents, Publication } from "../../broker/broker.ts";
import type { ClusterEvents, EngineState } from "../../broker/cluster.ts";
import type { EngineConnection } from "../../broker/engine.ts";
import { RedisEngine as Engine } from "../../broker/redis_engine.ts";
import {
  checkRedisOptions,
  type RedisOptions,
} from "../../broker/redis_options.ts";
import { PublishError } from "../../common/hoist_error.ts";
import {
  RedisEngine,
  type RedisEngineOptions,
} from "../../tools/engines/redis.ts";

/** How often each room reads its history in tests, in milliseconds. */
export const SYNC_INTERVAL = 1_000;

/** How much history the rooms of tests keep. */
export const HISTORY = { size: 1_000, ttl: 600_000, maxBytes: 1_000_000 };

/** The limits of reads in tests. */
export const READ = { history: HISTORY, limit: 1_000, maxBytes: 1_000_000 };

/** Creates what one server uses of a Redis. */
export function openRedis(
  redis: Pick<RedisEngine, "url">,
  options: RedisOptions = {},
): EngineConnection {
  const settings = checkRedisOptions({ url: redis.url, ...options });
  return new Engine(settings, SYNC_INTERVAL).open();
}

/** A server that uses a Redis, and records what it reports. */
export class RedisServer
  implements AsyncDisposable, BrokerEvents, ClusterEvents {
  readonly id = crypto.randomUUID();
  readonly #connection: EngineConnection;
  readonly publications: Publication[] = [];
  readonly stale: (string | undefined)[] = [];
  readonly told: string[] = [];
  readonly states: EngineState[] = [];
  readonly errors: (Error | undefined)[] = [];

  constructor(
    redis: Pick<RedisEngine, "url">,
    options: RedisOptions = {},
  ) {
    this.#connection = openRedis(redis, { timeout: 2_000, ...options });
  }

  get broker() {
    return this.#connection.broker;
  }

  get cluster() {
    return this.#connection.cluster;
  }

  get state(): EngineState | undefined {
    return this.states.at(-1);
  }

  get payloads(): readonly string[] {
    return this.publications.map(({ payload }) => payload);
  }

  async start(): Promise<this> {
    await this.cluster.start(this.id, this);
    await this.broker.start(this);
    return this;
  }

  /** Publishes to a room with history; returns the position. */
  async publish(room: string, payload: string, key?: string): Promise<string> {
    const { position } = await this.broker.publish(room, payload, {
      history: HISTORY,
      key: key === undefined
        ? undefined
        : { publisher: "ada", key, isRepeated: true },
    });
    return position!;
  }

  /** Returns why something after a position is lost. */
  async lostAfter(room: string, since: string): Promise<string | undefined> {
    return (await this.broker.read(room, { since }, READ)).lost;
  }

  onPublication(_room: string, publication: Publication): void {
    this.publications.push(publication);
  }

  onStale(room: string | undefined): void {
    this.stale.push(room);
  }

  onTold(_from: string, payload: string): void {
    this.told.push(payload);
  }

  onAsked(_from: string, payload: string): Promise<string> {
    return Promise.resolve(payload);
  }

  onNodes(): void {}

  onState(state: EngineState, error?: Error): void {
    this.states.push(state);
    this.errors.push(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** Registers a test with a Redis of its own and one server. */
export function testRedis(
  name: string,
  run: (redis: RedisEngine, server: RedisServer) => Promise<void>,
  options: RedisEngineOptions = {},
): void {
  Deno.test(`Redis: ${name}`, async () => {
    await using redis = await RedisEngine.start(options);
    await using server = await new RedisServer(redis).start();
    await run(redis, server);
  });
}

export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Returns the error that a promise rejects with. */
export async function publishError(
  promise: Promise<unknown>,
): Promise<PublishError> {
  try {
    await promise;
  } catch (error) {
    assert(error instanceof PublishError, String(error));
    return error;
  }
  return assert.fail("It did not reject.");
}
