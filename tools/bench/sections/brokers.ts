/**
 * Brokers: messages to a room from one server to a client of another one, over an engine.
 *
 * @module
 */

import { Cluster } from "../brokers/cluster.ts";
import type { NodeKind } from "../brokers/commands.ts";
import type { EngineName } from "../../chaos/commands.ts";
import {
  type Cell,
  type Row,
  takeTurns,
  type Values,
  valuesOf,
} from "./cell.ts";
import type { Context } from "./context.ts";
import { FIRST_WARM_UP } from "../server_under_load.ts";

/** The time between two messages, for the time until they arrive, in milliseconds. */
const EVERY = 4;

/** A workload. */
interface Workload {
  readonly engine: EngineName;
  readonly isKept: boolean;
  readonly label: string;
}

const WORKLOADS: readonly Workload[] = [
  { engine: "redis", isKept: false, label: "Redis, no history" },
  { engine: "redis", isKept: true, label: "Redis, with a history" },
  { engine: "nats", isKept: false, label: "NATS, no history" },
  { engine: "nats", isKept: true, label: "NATS, with a history" },
];

/** Returns the cells of this section. */
export function brokers(context: Context): Cell[] {
  return WORKLOADS.flatMap((workload) => cellsOf(context, workload));
}

function cellsOf(context: Context, workload: Workload): Cell[] {
  const hasSocketIo = context.choose(["socket.io"]).length > 0;
  const others = othersOf(workload)
    .filter((kind) => kind !== "socket.io" || hasSocketIo);
  const kinds: NodeKind[] = ["hoist", "engine", ...others];
  const row = rowOf(workload);
  const { rounds } = context.scale;
  return takeTurns(kinds, () => rounds).map(({ subject, round }): Cell => ({
    ...{ row, contender: subject, round },
    measure: () => measure(context, workload, subject),
  }));
}

/** What is measured besides this library and the client of the engine. */
function othersOf({ engine, isKept }: Workload) {
  // socket.io has no adapter for NATS.
  if (engine === "redis") return ["socket.io"] as const;
  // All other clients learn anyway that the engine has the message.
  return isKept ? [] : ["unacknowledged"] as const;
}

function rowOf(workload: Workload): Row {
  return {
    section: "Brokers",
    label: workload.label,
    metrics: [
      { key: "cpu", label: "CPU of both servers per message", unit: "us" },
      { key: "p50", label: "until a client of the other, p50", unit: "ms" },
      { key: "p99", label: "until a client of the other, p99", unit: "ms" },
    ],
    targets: { cpu: 1.5, p50: 1.5 },
    sides: { ours: "hoist", base: "engine", others: othersOf(workload) },
  };
}

/** Publishes messages for a time, because V8 compiles the code of the servers again meanwhile. */
async function warmUp(
  cluster: Cluster,
  count: number,
  time: number,
): Promise<void> {
  const end = performance.now() + time;
  while (performance.now() < end) await cluster.measure({ do: "flood", count });
}

async function measure(
  { scale }: Context,
  { engine, isKept }: Workload,
  kind: NodeKind,
): Promise<Values> {
  await using cluster = await Cluster.start({ engine, isKept, kind });
  const { brokerMessages: count } = scale;
  await warmUp(cluster, count, FIRST_WARM_UP * scale.warmUp);
  const { cpu = NaN, rate = NaN } = valuesOf(
    await cluster.measure({ do: "flood", count }),
  );
  const paced = await cluster.measure({ do: "pace", count: 500, every: EVERY });
  return { ...valuesOf(paced), cpu, rate };
}
