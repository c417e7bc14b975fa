/**
 * The engine in Redis: creates what a server uses of it.
 *
 * @module
 */

import type { Engine, EngineConnection } from "./engine.ts";
import { RedisBroker } from "./redis_broker.ts";
import { RedisCluster } from "./redis_cluster.ts";
import { RedisConnection } from "./redis_connection.ts";
import { RedisNames } from "./redis_names.ts";
import type { RedisSettings } from "./redis_options.ts";

/** The engine in Redis. */
export class RedisEngine implements Engine {
  readonly name = "Redis";
  readonly #settings: RedisSettings;
  readonly #syncInterval: number;

  /**
   * Constructs a `RedisEngine`.
   *
   * @param settings The options
   * @param syncInterval How often each room reads its history, in milliseconds
   */
  constructor(settings: RedisSettings, syncInterval: number) {
    this.#settings = settings;
    this.#syncInterval = syncInterval;
  }

  open(): EngineConnection {
    const connection = new RedisConnection(this.#settings);
    const names = new RedisNames(this.#settings.prefix);
    return {
      broker: new RedisBroker(connection, names, this.#syncInterval),
      cluster: new RedisCluster(connection, names),
    };
  }
}
