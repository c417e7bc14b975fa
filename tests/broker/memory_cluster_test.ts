/** The nodes of one process, and the faults that other tests rely on. */

import { memory } from "../../broker/memory.ts";
import type { Cluster } from "../../broker/cluster.ts";
import { FaultyEngine } from "../support/faulty_engine.ts";
import { type ClusterEngine, testCluster } from "./cluster_contract.ts";

testCluster("memory", () => {
  const engine = memory();
  return Promise.resolve({
    open: () => engine.open().cluster,
    kill: undefined,
    freeze: undefined,
    thaw: undefined,
    stop: undefined,
    start: undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});

testCluster("faulty memory", () => Promise.resolve(openFaulty()));

function openFaulty(): ClusterEngine {
  const engine = new FaultyEngine();
  const nodeOf = (cluster: Cluster) =>
    engine.nodes.find((node) => node.cluster === cluster)!;
  return {
    open: () => engine.open().cluster,
    // deno-lint-ignore require-await -- the node ends at once
    kill: async (cluster) => nodeOf(cluster).kill(),
    // deno-lint-ignore require-await -- the node stops at once
    freeze: async (cluster) => nodeOf(cluster).freeze(),
    thaw: (cluster) => nodeOf(cluster).thaw(),
    // deno-lint-ignore require-await -- the engine stops at once
    stop: async () => engine.stop(),
    start: () => engine.start(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
