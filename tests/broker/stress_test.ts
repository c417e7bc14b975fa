/** Two servers with a real engine that fails in all ways. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { RedisBroker } from "../../broker/redis_broker.ts";
import { RedisConnection } from "../../broker/redis_connection.ts";
import { RedisNames } from "../../broker/redis_names.ts";
import { checkRedisOptions } from "../../broker/redis_options.ts";
import { NatsBroker } from "../../broker/nats_broker.ts";
import { NatsLink } from "../../broker/nats_link.ts";
import { resolveNatsOptions } from "../../broker/nats_options.ts";
import { NatsEngine } from "../../tools/engines/nats.ts";
import { RedisEngine } from "../../tools/engines/redis.ts";
import { copyDirectory, removeDirectory } from "../../tools/lib/directories.ts";
import { withEngine } from "../support/engines.ts";
import { type BreakableEngine, stress, type StressOptions } from "./stress.ts";

/** The number of messages, which are enough for all ways to fail. */
const COUNT = 4_000;

/** How often each room reads its history, in milliseconds. */
const SYNC_INTERVAL = 2_000;

function testStress(name: string, options: Omit<StressOptions, "count">): void {
  Deno.test(`${name}: loses and repeats nothing without a gap`, async () => {
    const result = await stress({ ...options, count: COUNT });
    assert.equal(result.doubled, 0);
    for (const counts of result.counts) {
      const { silent, duplicates, reorders, unknown } = counts;
      const faults = { silent, duplicates, reorders, unknown };
      const none = { silent: 0, duplicates: 0, reorders: 0, unknown: 0 };
      assert.deepEqual(faults, none);
      assert(counts.gaps > 0, "the engine has lost its data");
    }
  });
}

await withEngine("engines that fail", () => {
  testStress("NATS", {
    start: () => NatsEngine.start(),
    open: (port) => {
      const servers = [`nats://127.0.0.1:${port}`];
      const link = new NatsLink(resolveNatsOptions({ servers }));
      return new NatsBroker({ link, syncInterval: SYNC_INTERVAL });
    },
  });
  testStress("Redis", {
    start: startRedis,
    open: (port) => {
      const url = `redis://127.0.0.1:${port}`;
      const settings = checkRedisOptions({ url, timeout: 1_000 });
      const names = new RedisNames(settings.prefix);
      const connection = new RedisConnection(settings);
      return new RedisBroker(connection, names, SYNC_INTERVAL);
    },
  });
});

/** Starts a Redis that loses nothing by a crash. */
async function startRedis(): Promise<BreakableEngine> {
  const engine = await RedisEngine.start({
    args: ["--appendonly", "yes", "--appendfsync", "always"],
  });
  const data = join(engine.directory, "appendonlydir");
  const copy = join(engine.directory, "copy");
  const replace = async (change: () => Promise<void>) => {
    await engine.kill();
    await change();
    await engine.restart();
  };
  return Object.assign(engine, {
    wipe: () => replace(() => removeDirectory(data)),
    save: () =>
      replace(async () => {
        await removeDirectory(copy);
        await copyDirectory(data, copy);
      }),
    restore: () =>
      replace(async () => {
        await removeDirectory(data);
        await copyDirectory(copy, data);
      }),
  });
}
