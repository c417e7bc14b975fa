/** The history of rooms in a real Redis, and several servers that share it. */

import assert from "node:assert/strict";
import type { HistoryOptions } from "../../broker/broker.ts";
import { withEngine } from "../support/engines.ts";
import {
  HISTORY,
  READ,
  RedisServer,
  SYNC_INTERVAL,
  testRedis,
  wait,
} from "../support/redis.ts";
import { unlessStalled, until } from "../support/timing.ts";

async function fill(
  server: RedisServer,
  payloads: readonly string[],
  limits: Partial<HistoryOptions>,
): Promise<void> {
  const history = { ...HISTORY, ...limits };
  for (const payload of payloads) {
    await server.broker.publish("a", payload, { history, key: undefined });
  }
}

async function read(
  server: RedisServer,
  limits: Partial<HistoryOptions> = {},
): Promise<readonly string[]> {
  const history = { ...HISTORY, ...limits };
  const all = { last: 1_000 };
  const found = await server.broker.read("a", all, { ...READ, history });
  return found.publications.map(({ payload }) => payload);
}

await withEngine("Redis", () => {
  testRedis(
    "returns exactly as many messages as the size says",
    async (redis, server) => {
      const payloads = Array.from({ length: 200 }, (_, n) => String(n));
      const stored = async () =>
        Number(await redis.run("XLEN", "hoist:room:{a}:log"));
      for (const [index, payload] of payloads.entries()) {
        await fill(server, [payload], { size: 64 });
        if (index % 5 > 0) continue;
        // The stream deletes several messages at once.
        assert(await stored() <= 72);
        const expected = payloads.slice(Math.max(0, index - 63), index + 1);
        assert.deepEqual(await read(server, { size: 64 }), expected);
      }
      await fill(server, ["last"], { size: 1 });
      assert.deepEqual(await read(server), ["last"]);
      assert.equal(await stored(), 1);
    },
  );

  testRedis(
    "returns no more bytes than the limit says",
    async (redis, server) => {
      const limits = { maxBytes: 8 };
      await fill(server, ["1234", "üü", "x"], limits);
      assert.deepEqual(await read(server, limits), ["üü", "x"]);
      await fill(server, ["too long for the room"], limits);
      assert.deepEqual(await read(server, limits), []);
      assert.equal(await redis.run("EXISTS", "hoist:room:{a}:log"), "0");
      await fill(server, Array(20).fill("1"), limits);
      assert.deepEqual(await read(server, limits), Array(8).fill("1"));
      const stored = await redis.run("XLEN", "hoist:room:{a}:log");
      assert.equal(await redis.run("HGET", "hoist:room:{a}:meta", "b"), stored);
      assert(Number(stored) <= 9);
    },
  );

  testRedis(
    "returns no message that is as old as the TTL says",
    async (redis, server) => {
      const limits = { ttl: 2_400 };
      const stored = () => redis.run("XLEN", "hoist:room:{a}:log");
      await unlessStalled(500, async () => {
        await server.broker.clear("a", HISTORY);
        await fill(server, ["1"], limits);
        await wait(1_600);
        await fill(server, ["2"], limits);
        await wait(1_200);
        // The second message keeps the stream alive, but not the first one.
        assert.deepEqual(await read(server, limits), ["2"]);
        await fill(server, ["3"], limits);
        assert.equal(await stored(), "2");
      });
      await wait(2_800);
      assert.equal(await stored(), "0");
      assert.deepEqual(await read(server, limits), []);
      await fill(server, ["4"], limits);
      assert.deepEqual(await read(server, limits), ["4"]);
    },
  );

  testRedis(
    "keeps the position longer than the messages",
    async (redis, server) => {
      const ttlOf = async (name: string) =>
        Number(await redis.run("PTTL", `hoist:room:${name}`));
      await server.broker.read("empty", { last: 0 }, READ);
      const day = 86_400_000;
      assert(Math.abs(await ttlOf("{empty}:meta") - day) < 60_000);
      await server.publish("a", "1", "key");
      assert(await ttlOf("{a}:log") > HISTORY.ttl);
      assert(await ttlOf("{a}:log") <= HISTORY.ttl * 9 / 8);
      assert(await ttlOf("{a}:meta") > 29 * day);
      const keyTtl = await ttlOf("{a}:key:ada:key");
      assert(keyTtl > 120_000 && keyTtl <= 130_000);
      await fill(server, ["2"], { ttl: Infinity });
      assert.equal(await ttlOf("{a}:log"), -1);
      assert.equal(await ttlOf("{a}:meta"), -1);
      await fill(server, ["3"], { ttl: 1_000 });
      assert(await ttlOf("{a}:log") <= 1_125);
      await redis.run("PEXPIRE", "hoist:room:{a}:meta", "60000");
      await server.broker.read("a", { last: 0 }, READ);
      assert(await ttlOf("{a}:meta") > 29 * day);
    },
  );

  testRedis(
    "renews the TTL of a history before a message can be lost",
    async (redis, server) => {
      const [log, meta] = ["hoist:room:{a}:log", "hoist:room:{a}:meta"];
      const ttl = async () => Number(await redis.run("PTTL", log));
      await fill(server, ["1"], {});
      await redis.run("PEXPIRE", log, String(HISTORY.ttl / 2));
      await fill(server, ["2"], {});
      assert(await ttl() <= HISTORY.ttl / 2);
      const renewed = Number(await redis.run("HGET", meta, "x"));
      const eighth = HISTORY.ttl / 8 + 1;
      await redis.run("HSET", meta, "x", String(renewed - eighth));
      await fill(server, ["3"], {});
      assert(await ttl() > HISTORY.ttl);
      assert.deepEqual(await read(server), ["1", "2", "3"]);
      await fill(server, ["4"], { ttl: 2 * HISTORY.ttl });
      assert(await ttl() > 2 * HISTORY.ttl);
    },
  );

  testRedis(
    "lets no server with a TTL expire a history without one",
    async (redis, server) => {
      const ttl = async () =>
        Number(await redis.run("PTTL", "hoist:room:{a}:meta"));
      await fill(server, ["1"], { ttl: Infinity });
      assert.deepEqual(await read(server), ["1"]);
      await fill(server, ["2"], { ttl: Infinity });
      assert.equal(await ttl(), -1);
      await fill(server, ["3"], {});
      assert(await ttl() > 0);
      assert.deepEqual(await read(server, { ttl: Infinity }), ["1", "2", "3"]);
    },
  );

  testRedis("reads a long history in the limits", async (_redis, server) => {
    const start = await server.publish("a", "start");
    const payloads = Array.from({ length: 500 }, (_, n) => String(n));
    await Promise.all(payloads.map((payload) => server.publish("a", payload)));
    for (const limit of [1, 63, 64, 65, 128, 499]) {
      const found = await server.broker.read("a", { since: start }, {
        ...READ,
        limit,
      });
      assert.equal(found.lost, "limit");
      assert.equal(found.publications.length, limit);
      assert.equal(found.from, found.publications[0]!.previous);
    }
    const all = await server.broker.read("a", { since: start }, READ);
    assert.equal(all.lost, undefined);
    assert.equal(all.from, start);
    assert.deepEqual(all.publications.map(({ payload }) => payload), payloads);
  });

  testRedis(
    "tells for each position whether something after it is lost",
    async (_redis, server) => {
      const history = { ...HISTORY, size: 20 };
      const positions: string[] = [];
      for (let n = 0; n < 50; n++) {
        const { position } = await server.broker
          .publish("a", String(n), { history, key: undefined });
        positions.push(position!);
        for (const [index, since] of positions.entries()) {
          if ((n + index) % 5 > 0) continue;
          const found = await server.broker
            .read("a", { since }, { ...READ, history });
          assert.equal(found.lost, n - index > 20 ? "expired" : undefined);
          assert.equal(found.publications.length, Math.min(20, n - index));
        }
      }
    },
  );

  testRedis("shares rooms and keys between servers", async (redis, first) => {
    await using second = await new RedisServer(redis).start();
    await first.broker.subscribe("a");
    await second.broker.subscribe("a");
    const position = await first.publish("a", "1", "key");
    // The first attempt went over another server.
    const options = {
      history: HISTORY,
      key: { publisher: "ada", key: "key", isRepeated: true },
    };
    const repeated = await second.broker.publish("a", "1", options);
    assert.deepEqual(repeated, { position, isDuplicate: true });
    await second.publish("a", "2");
    for (const server of [first, second]) {
      await until(() => server.payloads.includes("2"));
      assert.deepEqual(server.payloads, ["1", "2"]);
      assert.equal(server.publications[0]!.position, position);
      assert.equal(server.publications[1]!.previous, position);
    }
    await second.broker.clear("a", HISTORY);
    await until(() => first.stale.includes("a"));
    assert.equal(await first.lostAfter("a", position), "epoch");
  });

  testRedis("keeps different prefixes apart", async (redis, first) => {
    await using second = await new RedisServer(redis, { prefix: "other" })
      .start();
    await first.broker.subscribe("a");
    await second.broker.subscribe("a");
    await first.publish("a", "1");
    await second.publish("a", "2");
    await until(() => first.payloads.length + second.payloads.length === 2);
    assert.deepEqual(first.payloads, ["1"]);
    assert.deepEqual(second.payloads, ["2"]);
    await wait(200);
    assert.equal(first.cluster.nodes.size, 0);
  });

  testRedis(
    "separates the stored messages from those that are not stored",
    async (_redis, server) => {
      await server.broker.subscribe("a");
      const key = { publisher: "ada", key: "1", isRepeated: true };
      for (let n = 0; n < 2; n++) {
        const options = { history: undefined, key };
        const { position, isDuplicate } = await server.broker
          .publish("a", "1", options);
        assert.equal(position, null);
        assert.equal(isDuplicate, n === 1);
      }
      await server.publish("a", "2");
      await until(() => server.payloads.includes("2"));
      assert.deepEqual(server.payloads, ["1", "2"]);
    },
  );

  testRedis(
    "lets each room read its history regularly",
    async (_redis, server) => {
      for (const room of ["a", "b", "c"]) await server.broker.subscribe(room);
      await server.broker.unsubscribe("c");
      const start = performance.now();
      const count = (room: string) =>
        server.stale.filter((each) => each === room).length;
      await until(() => count("a") >= 3 && count("b") >= 2);
      const most = 1 + 2 * (performance.now() - start) / SYNC_INTERVAL;
      assert(count("a") <= most, `${count("a")} of ${most}`);
      assert.equal(count("c"), 0);
    },
  );
});
