/**
 * Connects the servers of a deployment over Redis or Valkey.
 *
 * @module
 */

import type { Engine } from "./engine.ts";
import { RedisEngine } from "./redis_engine.ts";
import { checkRedisOptions, type RedisOptions } from "./redis_options.ts";

export type { Engine } from "./engine.ts";
export type { RedisOptions } from "./redis_options.ts";

/** How often each room reads its history, in milliseconds. */
const SYNC_INTERVAL = 30_000;

/**
 * Creates an engine for Redis 7 or later, or Valkey 8 or later. It connects when a server starts.
 *
 * The program needs the permissions `--allow-net` and `--ignore-env`; see the guide.
 *
 * @param options The address, the credentials and the limits
 * @returns The value of the option `broker` of each server
 *
 * @throws {TypeError} If an option is unknown or has the wrong type
 * @throws {RangeError} If a value is out of range
 *
 * @example
 * ```ts
 * import { redis } from "@hoist/cli/redis";
 *
 * const broker = redis({ url: "rediss://redis.example.com", username: "hoist", prefix: "app1" });
 * console.log(broker.name);
 * ```
 */
export function redis(options: RedisOptions = {}): Engine {
  return new RedisEngine(checkRedisOptions(options), SYNC_INTERVAL);
}
