/** Messages that are larger than Redis accepts. */

import assert from "node:assert/strict";
import { redis as connectOver } from "../../broker/redis.ts";
import { connect, ErrorCode, ResponseError } from "../../client.ts";
import type { ServeOptions, Server } from "../../server.ts";
import { RedisEngine } from "../../tools/engines/redis.ts";
import { withEngine } from "../support/engines.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RedisServer } from "../support/redis.ts";
import { serveQuietly } from "../support/server.ts";
import { until } from "../support/timing.ts";

/** The lowest limit that Redis allows. */
const MAX = 1_048_576;

const LIMITED = { args: ["--proto-max-bulk-len", String(MAX)] };

/** Starts a server that uses a Redis, and waits until it is connected. */
async function start(
  redis: RedisEngine,
  options: ServeOptions,
): Promise<Server> {
  const broker = connectOver({ url: redis.url });
  const server = serveQuietly({ broker, ...options });
  const rooms = { authorize: () => true, publish: true };
  server.defineRoom("kept", { ...rooms, history: { size: 100 } });
  server.defineRoom("plain", rooms);
  await server.cluster.ready;
  return server;
}

await withEngine("Redis", () => {
  for (const name of ["kept", "plain"]) {
    Deno.test(`Redis: a message to the room "${name}" that is too large exceeds a limit, and all others arrive`, async () => {
      await using redis = await RedisEngine.start(LIMITED);
      const log = new LogRecorder();
      const limits = { maxPayload: 2 * MAX };
      await using server = await start(redis, { logger: log, limits });
      const logger = new LogRecorder();
      await using client = await connect("test", { url: server.url, logger });
      await using room = await client.join(name);
      const seen: unknown[] = [];
      room.receive("say", ({ data }) => void seen.push(data.n));
      const say = (n: number, text = "") => room.publish("say", { n, text });
      const all = [say(0), say(1, "x".repeat(MAX)), say(2)];
      const [first, error, last] = await Promise.allSettled(all);
      assert.equal(first!.status, "fulfilled");
      assert.equal(last!.status, "fulfilled");
      assert(error!.status === "rejected");
      const { reason } = error!;
      assert(reason instanceof ResponseError, String(reason));
      assert.equal(reason.code, ErrorCode.LIMIT_EXCEEDED);
      const data = { limit: "proto-max-bulk-len", value: MAX };
      assert.deepEqual(reason.data, data);
      await until(() => seen.length === 2, "the others arrived");
      assert.deepEqual(seen, [0, 2]);
      const lines = log.lines.join("\n");
      assert.match(lines, /raise 'proto-max-bulk-len' in the configuration/);
      assert.match(
        lines,
        /^warn broker: Redis .*'limits\.maxPayload', 2097152/m,
      );
      assert.doesNotMatch(lines, /is down/);
    });
  }

  for (const history of [undefined, { size: 9, ttl: 9_000, maxBytes: 1e9 }]) {
    const what = history === undefined ? "carries" : "stores";
    Deno.test(`Redis: ${what} a message that is as large as it accepts`, async () => {
      await using redis = await RedisEngine.start(LIMITED);
      await using server = new RedisServer(redis);
      await server.start();
      await server.broker.subscribe("a");
      const publish = (length: number) =>
        server.broker.publish("a", "x".repeat(length), {
          ...{ history, key: undefined },
        });
      await assert.rejects(publish(MAX - 1), {
        name: "RangeError",
        message: /the message has 1048577 bytes, .* at most 1048576\./,
      });
      await publish(MAX - 2);
      await until(() => server.publications.length > 0, "it arrived");
      assert.equal(server.publications[0]!.payload.length, MAX - 2);
      assert.deepEqual(server.states, ["up"]);
    });
  }

  const rights = ["on", "nopass", "~*", "&*", "+@all", "-config"];
  const forbidden = {
    "whose user cannot read the configuration": [
      "--user",
      "default",
      ...rights,
    ],
    // As a managed Redis.
    "of a Redis without CONFIG": ["--rename-command", "CONFIG", '""'],
  };
  for (const [which, args] of Object.entries(forbidden)) {
    Deno.test(`Redis: a server ${which} has no limit`, async () => {
      await using redis = await RedisEngine.start({ args });
      await using server = new RedisServer(redis);
      await server.start();
      assert.equal(server.broker.limit, undefined);
      const options = { history: undefined, key: undefined };
      await server.broker.publish("a", "x".repeat(2 * MAX), options);
      assert.deepEqual(server.states, ["up"]);
    });
  }
});
