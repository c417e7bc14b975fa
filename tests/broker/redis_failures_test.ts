/** What a server does when its Redis fails. */

import assert from "node:assert/strict";
import { RedisEngine } from "../../tools/engines/redis.ts";
import { withEngine } from "../support/engines.ts";
import {
  HISTORY,
  publishError,
  RedisServer,
  testRedis,
  wait,
} from "../support/redis.ts";
import { settlesAtOnce, until } from "../support/timing.ts";

const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];

await withEngine("Redis", () => {
  testRedis("rejects at once while Redis is down", async (redis, server) => {
    await server.broker.subscribe("a");
    await redis.kill();
    await until(() => server.state === "down");
    const calls = [
      server.publish("a", "1"),
      server.broker.publish("a", "1", { history: undefined, key: undefined }),
      server.broker.read(
        "a",
        { last: 1 },
        { ...{ history: HISTORY } } as never,
      ),
      server.broker.subscribe("b"),
      server.broker.clear("a", HISTORY),
    ];
    for (const call of calls) call.catch(() => {});
    for (const call of calls) {
      assert(await settlesAtOnce(call));
      const error = await publishError(call);
      assert.equal(error.outcome, "none");
      assert.match(error.message, /Redis is down/);
    }
    await server.broker.unsubscribe("a");
  });

  for (const [what, args] of [["with", DURABLE], ["without", []]] as const) {
    testRedis(
      `continues after a restart ${what} persistence`,
      async (redis, server) => {
        await server.broker.subscribe("a");
        const position = await server.publish("a", "1");
        await until(() => server.payloads.includes("1"));
        await redis.kill();
        await until(() => server.state === "down");
        await redis.restart();
        await until(() => server.state === "up");
        assert(server.stale.includes(undefined));
        const expected = args.length === 0 ? "epoch" : undefined;
        assert.equal(await server.lostAfter("a", position), expected);
        await server.publish("a", "2");
        await until(() => server.payloads.includes("2"));
        assert.deepEqual(server.states, ["up", "down", "up"]);
      },
      { args },
    );
  }

  testRedis("notices a Redis that is frozen", async (redis, server) => {
    await server.broker.subscribe("a");
    await server.publish("a", "1");
    const idle = server.stale.length;
    redis.freeze();
    const error = await publishError(server.publish("a", "2", "key"));
    assert.equal(error.outcome, "unknown");
    await until(() => server.state === "down");
    const next = await publishError(server.publish("a", "3"));
    assert.equal(next.outcome, "none");
    redis.thaw();
    await until(() => server.state === "up");
    assert(server.stale.slice(idle).includes(undefined));
    // Redis had got it, and has it only once.
    await server.publish("a", "2", "key");
    await server.publish("a", "4");
    await until(() => server.payloads.includes("4"));
    const { publications } = await server.broker.read("a", { last: 9 }, {
      ...{ history: HISTORY, limit: 9, maxBytes: 1_000 },
    });
    const payloads = publications.map(({ payload }) => payload);
    assert.deepEqual(payloads, ["1", "2", "4"]);
  });

  testRedis(
    "begins a new epoch after FLUSHALL, and looks for it",
    async (redis, server) => {
      await server.broker.subscribe("a");
      const position = await server.publish("a", "1");
      await redis.run("FLUSHALL");
      const before = server.stale.length;
      await until(() => server.stale.slice(before).includes("a"));
      assert.equal(await server.lostAfter("a", position), "epoch");
      // The lease is taken again by itself.
      await using other = await new RedisServer(redis).start();
      await until(() => other.cluster.nodes.has(server.id));
      assert.equal(await other.cluster.ask(server.id, "hello", 1_000), "hello");
    },
  );

  testRedis(
    "does not keep leases that the clock of another Redis has given",
    async (redis, server) => {
      const hour = 3_600_000;
      await redis.run("ZADD", "hoist:leases", String(Date.now() + hour), "old");
      await until(async () =>
        await redis.run("ZSCORE", "hoist:leases", "old") === ""
      );
      await until(() => !server.cluster.nodes.has("old"));
    },
  );

  testRedis(
    "begins a new epoch when Redis has evicted the position of a room",
    async (redis, server) => {
      await server.broker.subscribe("a");
      const position = await server.publish("a", "1");
      await redis.run("DEL", "hoist:room:{a}:meta");
      const next = await server.publish("a", "2");
      assert.equal(server.broker.order(position, next), "unrelated");
      assert.equal(await server.lostAfter("a", position), "epoch");
      const { publications } = await server.broker.read("a", { last: 9 }, {
        ...{ history: HISTORY, limit: 9, maxBytes: 1_000 },
      });
      assert.deepEqual(publications.map(({ payload }) => payload), ["2"]);
    },
  );

  testRedis(
    "reports what is missing when Redis has evicted the messages of a room",
    async (redis, server) => {
      const first = await server.publish("a", "1");
      const second = await server.publish("a", "2");
      await redis.run("DEL", "hoist:room:{a}:log");
      assert.equal(await server.lostAfter("a", first), "expired");
      assert.equal(await server.lostAfter("a", second), undefined);
      await server.publish("a", "3");
      assert.equal(await server.lostAfter("a", first), "expired");
      assert.equal(await server.lostAfter("a", second), undefined);
    },
  );

  testRedis(
    "notices a lost tail although the last message is the same",
    async (redis, server) => {
      const start = await server.publish("a", "1");
      await redis.save();
      await server.publish("a", "lost", "x");
      const position = await server.publish("a", "repeated", "key");
      await redis.restore();
      await until(() =>
        server.states.includes("down") && server.state === "up"
      );
      await server.publish("a", "other", "y");
      const again = await server.publish("a", "repeated", "key");
      // The offset and the message are the same, but not what came before.
      assert.equal(server.broker.order(position, again), "unrelated");
      assert.equal(await server.lostAfter("a", position), "epoch");
      assert.equal(await server.lostAfter("a", start), undefined);
    },
  );

  testRedis(
    "notices a lost tail by the position whose message was dropped",
    async (redis, server) => {
      const history = { ...HISTORY, size: 2 };
      const publish = async (payload: string) =>
        (await server.broker.publish("a", payload, { history, key: undefined }))
          .position!;
      await publish("1");
      await redis.save();
      const position = await publish("lost");
      await redis.restore();
      await until(() =>
        server.states.includes("down") && server.state === "up"
      );
      for (const payload of ["2", "3", "4"]) await publish(payload);
      assert.equal(await server.lostAfter("a", position), "epoch");
    },
  );

  testRedis(
    "reports a full memory, and continues later",
    async (redis, server) => {
      await server.broker.subscribe("a");
      const position = await server.publish("a", "1");
      await redis.run("CONFIG", "SET", "maxmemory", "1");
      const error = await publishError(server.publish("a", "2"));
      assert.equal(error.outcome, "none");
      assert.match(
        error.message,
        /^Cannot publish: the memory of Redis is full/,
      );
      // Clients can recover, and the other servers still see this one.
      assert.equal(await server.lostAfter("a", position), undefined);
      await wait(1_000);
      await redis.run("CONFIG", "SET", "maxmemory", "0");
      await server.publish("a", "3");
      await until(() => server.payloads.includes("3"));
      assert.deepEqual(server.states, ["up"]);
    },
  );

  Deno.test("Redis: reports a replica, and continues when it is a primary", async () => {
    await using primary = await RedisEngine.start();
    await using replica = await RedisEngine.start();
    await using server = await new RedisServer(replica).start();
    const where = ["127.0.0.1", String(primary.port)];
    await replica.run("REPLICAOF", ...where);
    await until(() => server.state === "down");
    await until(async () => {
      const error = await publishError(server.publish("a", "1"));
      assert.equal(error.outcome, "none");
      return /this Redis is a replica/.test(error.message);
    });
    const second = new RedisServer(replica);
    const refused = await publishError(second.start());
    assert.match(refused.message, /this Redis is a replica/);
    await replica.run("REPLICAOF", "NO", "ONE");
    await until(() => server.state === "up");
    await server.publish("a", "2");
  });

  Deno.test("Redis: refuses a Redis Cluster", async () => {
    await using redis = await RedisEngine.start({
      args: ["--cluster-enabled", "yes"],
    });
    const error = await publishError(new RedisServer(redis).start());
    assert.match(error.message, /belongs to a Redis Cluster, .* of its own/);
  });

  testRedis("waits until Redis has loaded its data", async (redis, server) => {
    // Each key takes 100 ms, and there are 40.
    const slow = ["--key-load-delay", "100000"];
    const often = ["--loading-process-events-interval-bytes", "1024"];
    for (let n = 0; n < 20; n++) {
      await server.publish(`room ${n}`, "x".repeat(10_000));
    }
    await redis.run("SAVE");
    await redis.restart([...slow, ...often], false);
    await until(() => server.state === "down");
    await until(async () => {
      const error = await publishError(server.publish("a", "1"));
      assert.equal(error.outcome, "none");
      return /Redis is down: Redis is still loading/.test(error.message);
    });
    await redis.run("CONFIG", "SET", "key-load-delay", "0");
    await until(() => server.state === "up");
    await server.publish("a", "2");
  }, { args: ["--enable-debug-command", "yes"] });
});
