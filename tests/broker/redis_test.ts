/** The broker and the cluster in Redis do what the contracts demand. */

import type { Broker } from "../../broker/broker.ts";
import type { Cluster } from "../../broker/cluster.ts";
import { findRedis, RedisEngine } from "../../tools/engines/redis.ts";
import { dialPort, Relay } from "../../tools/lib/relay.ts";
import { withEngine } from "../support/engines.ts";
import { openRedis } from "../support/redis.ts";
import { type ClusterEngine, testCluster } from "./cluster_contract.ts";
import { type Engine, testBroker } from "./contract.ts";

/** Stores each write, so that nothing is lost when the server ends. */
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];

/** Copies of the data are made only for the first publications, because each takes time. */
const MAX_COPIES = 3;

await withEngine("Redis", async () => {
  for (const { name, command } of await findRedis()) {
    testBroker(name, () => openBroker(command));
    testCluster(name, () => openClusters(command));
  }
});

async function openBroker(command: string): Promise<Engine> {
  const redis = await RedisEngine.start({ command });
  const { broker } = openRedis(redis);
  copyAfterPublications(broker, redis);
  return {
    broker,
    pass: (milliseconds) =>
      new Promise<void>((resolve) => setTimeout(resolve, milliseconds)),
    async restore(count) {
      await redis.restore(String(count));
      await untilUp(broker);
    },
    async [Symbol.asyncDispose]() {
      await broker[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

async function openClusters(command: string): Promise<ClusterEngine> {
  const redis = await RedisEngine.start({ command, args: DURABLE });
  const relays = new Map<Cluster, Relay>();
  return {
    open() {
      const relay = new Relay(dialPort(() => redis.port));
      const url = `redis://127.0.0.1:${relay.port}`;
      const { cluster } = openRedis({ url });
      relays.set(cluster, relay);
      return cluster;
    },
    // deno-lint-ignore require-await -- the connections end at once
    kill: async (cluster) => relays.get(cluster)?.cut(),
    // deno-lint-ignore require-await -- the connections stand still at once
    freeze: async (cluster) => relays.get(cluster)?.hold(),
    // deno-lint-ignore require-await -- the connections continue at once
    thaw: async (cluster) => relays.get(cluster)?.release(),
    stop: () => redis.kill(),
    start: () => redis.restart(),
    async [Symbol.asyncDispose]() {
      for (const relay of relays.values()) await relay[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

/** Lets a broker store a copy of the data after each of the first publications. */
function copyAfterPublications(broker: Broker, redis: RedisEngine): void {
  let count = 0;
  const publish = broker.publish.bind(broker);
  broker.publish = async (...args) => {
    const published = await publish(...args);
    if (++count <= MAX_COPIES) await redis.save(String(count));
    return published;
  };
}

/** Waits until a broker has connected again. */
async function untilUp(broker: Broker): Promise<void> {
  const options = { history: undefined, key: undefined };
  for (let attempt = 0; attempt < 1_200; attempt++) {
    try {
      await broker.publish("other", "", options);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error("Redis is not up again.");
}
