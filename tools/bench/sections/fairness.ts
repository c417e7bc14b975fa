/**
 * Fairness: the round trips of an unrelated client during continuous broadcasts.
 *
 * @module
 */

import { pause } from "../../lib/deadline.ts";
import type { ServerUnderLoad } from "../server_under_load.ts";
import {
  type Cell,
  interleave,
  percentiles,
  type Row,
  type Values,
  valuesOf,
} from "./cell.ts";
import { cpuFor } from "./metrics.ts";
import type { Context } from "./context.ts";

/** The time between two requests of the unrelated client, in milliseconds. */
const EVERY = 3;

/** The broadcasts before its first and after its last request, in milliseconds. */
const MARGIN = 200;

/** Returns the cells of this section. */
export function fairness(context: Context): Cell[] {
  const { fairnessSize: size, allPeers } = context.scale;
  const ours = ["hoist", "bare"] as const;
  const names = allPeers ? [...ours, "ws", "socket.io", "bun"] as const : ours;
  return interleave(context, rowOf(size), names, async (contender) => {
    const server = await context.server(contender);
    await server.command({ do: "connect", count: size });
    return await measure(server, context);
  });
}

async function measure(
  server: ServerUnderLoad,
  { scale }: Context,
): Promise<Values> {
  const duration = scale.fairnessDuration;
  const broadcasts = server.measure({
    do: "broadcast",
    times: 1,
    least: 1,
    warmUp: scale.warmUp,
    duration: duration + 2 * MARGIN,
    pids: server.pids,
  });
  const probe = pause(scale.warmUp + MARGIN)
    .then(() => server.probe({ do: "probe", every: EVERY, duration }));
  const [broadcast, { times }] = await Promise.all([broadcasts, probe]);
  return { ...valuesOf(broadcast), ...percentiles(times) };
}

function rowOf(size: number): Row {
  return {
    section: "Fairness",
    label: `during broadcasts to ${size.toLocaleString("en")}`,
    metrics: [
      { key: "p50", label: "another round trip, p50", unit: "ms" },
      { key: "p99", label: "another round trip, p99", unit: "ms" },
      cpuFor("delivery"),
    ],
    targets: { p99: 0.06, cpu: 1 },
  };
}
