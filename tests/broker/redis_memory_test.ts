/** A Redis that deletes keys when its memory is full. */

import assert from "node:assert/strict";
import { redis } from "../../broker/redis.ts";
import { RedisEngine } from "../../tools/engines/redis.ts";
import { withEngine } from "../support/engines.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { wait } from "../support/redis.ts";
import { until } from "../support/timing.ts";

const LIMIT = ["--maxmemory", "100mb"];

/** What a server logs about the policy, and about a connection that was lost. */
const POLICY = /maxmemory-policy/;
const LOST = /is down|refused/;

/** Returns the arguments for a policy. */
function policy(name: string): readonly string[] {
  return ["--maxmemory-policy", name];
}

/** Starts a server, and returns the lines that match. */
async function linesOf(
  engine: RedisEngine,
  pattern = POLICY,
  whileOpen: (lines: () => readonly string[]) => Promise<void> = wait100,
): Promise<readonly string[]> {
  const logger = new LogRecorder();
  const broker = redis({ url: engine.url });
  await using server = serveQuietly({ broker, logger });
  await server.cluster.ready;
  const lines = () => logger.lines.filter((line) => pattern.test(line));
  await whileOpen(lines);
  server.defineRoom("a");
  await server.room("a").broadcast("say", {});
  return lines();
}

function wait100(): Promise<void> {
  return wait(100);
}

await withEngine("Redis", () => {
  Deno.test("Redis: a server warns once of a policy that deletes its keys", async () => {
    const args = [...LIMIT, ...policy("allkeys-lru")];
    await using engine = await RedisEngine.start({ args });
    const warnings = await linesOf(engine, POLICY, async (lines) => {
      await until(() => lines().length > 0);
      await engine.restart();
      await wait(3_000);
    });
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /Redis deletes keys when its memory is full: .*Set 'maxmemory-policy' to "noeviction", not "allkeys-lru"/,
    );
  });

  Deno.test("Redis: a server does not warn of a policy that deletes nothing", async () => {
    for (const args of [LIMIT, policy("allkeys-lru"), []]) {
      await using engine = await RedisEngine.start({ args });
      assert.deepEqual(await linesOf(engine), []);
    }
  });

  Deno.test("Redis: a server works without the right to ask for the policy", async () => {
    const args = [...LIMIT, ...policy("allkeys-lru")];
    await using engine = await RedisEngine.start({ args });
    await engine.run("ACL", "SETUSER", "default", "-info");
    assert.deepEqual(await linesOf(engine), []);
    assert.deepEqual(await linesOf(engine, LOST), []);
  });
});
