/** The nodes of NATS, against real servers. */

import assert from "node:assert/strict";
import type { Cluster } from "../../broker/cluster.ts";
import { NatsCluster } from "../../broker/nats_cluster.ts";
import { NatsEngine } from "../../tools/engines/nats.ts";
import { dialPort, Relay } from "../../tools/lib/relay.ts";
import { withEngine } from "../support/engines.ts";
import { linkTo } from "../support/nats.ts";
import { ClusterBench, isLost, PATIENCE } from "./cluster_bench.ts";
import { type ClusterEngine, testCluster } from "./cluster_contract.ts";

await withEngine("nodes of NATS", () => {
  testCluster("NATS", open);

  Deno.test("NATS cluster: knows all nodes as soon as it has started", async () => {
    await using bench = new ClusterBench(await open());
    const first = await bench.start();
    const second = await bench.start();
    assert(second.sees(first));
  });

  Deno.test("NATS cluster: ends what waits for an answer when NATS is lost", async () => {
    await using bench = new ClusterBench(await open());
    const [first, second] = await bench.startAll(2);
    second!.answer = () => new Promise(() => {});
    const waiting = [
      first!.cluster.ask(second!.id, "hello", PATIENCE),
      first!.cluster.survey("hello", PATIENCE),
    ];
    const start = performance.now();
    const results = Promise.allSettled(waiting);
    await bench.engine.stop!();
    for (const result of await results) {
      assert(result.status === "rejected" && isLost(result.reason));
    }
    assert(performance.now() - start < PATIENCE / 2);
    await bench.engine.start!();
  });
});

async function open(): Promise<ClusterEngine> {
  const engine = await NatsEngine.start();
  const relays = new Map<Cluster, Relay>();
  return {
    open: () => {
      const relay = new Relay(dialPort(() => engine.port));
      const servers = [`nats://127.0.0.1:${relay.port}`];
      const cluster = new NatsCluster(linkTo(engine, { servers }));
      relays.set(cluster, relay);
      return cluster;
    },
    // deno-lint-ignore require-await -- the connection ends at once
    kill: async (cluster) => relays.get(cluster)!.cut(),
    // deno-lint-ignore require-await -- no data arrives from here on
    freeze: async (cluster) => relays.get(cluster)!.hold(),
    // deno-lint-ignore require-await -- the data arrives from here on
    thaw: async (cluster) => relays.get(cluster)!.release(),
    stop: () => engine.kill(),
    start: () => engine.restart(),
    [Symbol.asyncDispose]: async () => {
      for (const relay of relays.values()) await relay[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}
