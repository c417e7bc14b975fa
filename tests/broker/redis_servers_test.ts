/** Servers and clients that share a real Redis. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { redis as connectOver } from "../../broker/redis.ts";
import type { Server } from "../../server.ts";
import { RedisEngine } from "../../tools/engines/redis.ts";
import { withEngine } from "../support/engines.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { publishError } from "../support/redis.ts";
import { serveQuietly } from "../support/server.ts";
import { until } from "../support/timing.ts";

const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];

/** Starts a server that uses a Redis. */
function start(redis: RedisEngine): Server {
  const broker = connectOver({ url: redis.url, timeout: 2_000 });
  const server = serveQuietly({ broker });
  server.defineRoom("chat", {
    ...{ authorize: () => true, publish: true },
    history: { size: 1_000, ttl: 600_000 },
  });
  return server;
}

await withEngine("Redis", () => {
  for (const [what, args] of [["with", DURABLE], ["without", []]] as const) {
    Deno.test(`Redis: rooms continue over two servers when Redis is killed ${what} persistence`, async () => {
      await using redis = await RedisEngine.start({ args });
      await using first = start(redis);
      await using second = start(redis);
      await Promise.all([first.cluster.ready, second.cluster.ready]);
      const logger = new LogRecorder();
      await using reader = await connect("test", { url: second.url, logger });
      const gaps: string[] = [];
      const received: number[] = [];
      await using room = await reader.join("chat", {
        onGap: ({ reason }) => gaps.push(reason),
      });
      room.receive("say", ({ data }) => void received.push(Number(data.n)));
      const say = (n: number) =>
        first.room("chat").broadcast("say", { n }, { key: String(n) });
      for (let n = 0; n < 20; n++) await say(n);
      await redis.kill();
      const error = await publishError(say(20));
      assert.match(error.outcome, /none|unknown/);
      await redis.restart();
      await until(async () => {
        try {
          await say(20);
          return true;
        } catch {
          return false;
        }
      });
      for (let n = 21; n < 40; n++) await say(n);
      await until(() => received.includes(39));
      const expected = Array.from({ length: 40 }, (_, n) => n);
      assert.deepEqual([...new Set(received)], received, "no duplicates");
      assert.deepEqual(received.toSorted((a, b) => a - b), received);
      if (args.length > 0) assert.deepEqual([received, gaps], [expected, []]);
      else assert(received.length === 40 || gaps.length > 0);
    });
  }

  Deno.test("Redis: a server shows the state of Redis, and keeps its clients", async () => {
    await using redis = await RedisEngine.start();
    await using server = start(redis);
    await server.cluster.ready;
    const health = async () => {
      const response = await fetch(`${server.url}/hoist/health`);
      return (await response.json()).broker;
    };
    const logger = new LogRecorder();
    await using client = await connect("test", { url: server.url, logger });
    assert.equal(await health(), "up");
    await redis.kill();
    await until(async () => await health() === "down");
    assert.equal(client.state, "open");
    await redis.restart();
    await until(async () => await health() === "up");
  });
});
