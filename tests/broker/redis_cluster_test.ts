/** Clusters that close while they start. */

import assert from "node:assert/strict";
import { RedisEngine } from "../../tools/engines/redis.ts";
import { withEngine } from "../support/engines.ts";
import {
  openRedis,
  publishError,
  RedisServer,
  wait,
} from "../support/redis.ts";

/** Receives nothing, because a cluster that closes reports nothing. */
const EVENTS = {
  onTold: () => {},
  onAsked: () => Promise.resolve(undefined),
  onNodes: () => {},
  onState: () => {},
};

Deno.test("a cluster closes while Redis has not answered yet", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `redis://127.0.0.1:${listener.addr.port}`;
  const { broker, cluster } = openRedis({ url });
  const starting = publishError(cluster.start("a", EVENTS));
  using _silent = await listener.accept();
  await broker[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  assert.match((await starting).message, /the server has closed/);
});

await withEngine("Redis", () => {
  Deno.test("Redis: nothing is left of a cluster that closes at any time", async () => {
    await using redis = await RedisEngine.start();
    for (let delay = 0; delay < 40; delay++) {
      const server = new RedisServer(redis);
      const starting = server.start().catch(() => {});
      if (delay > 0) await wait(delay - 1);
      await server[Symbol.asyncDispose]();
      await starting;
      assert.equal(await redis.run("ZCARD", "hoist:leases"), "0");
    }
  });
});
