/**
 * Round trips: requests, each answered.
 *
 * @module
 */

import type { ContenderName } from "../contenders.ts";
import type { RequestKind } from "../load/dialects.ts";
import { type Cell, interleave, type Row, valuesOf } from "./cell.ts";
import { cpuFor, rateOf } from "./metrics.ts";
import type { Context } from "./context.ts";

/** What the connections do. */
interface Workload {
  readonly label: string;
  readonly kind: RequestKind;
  readonly connections: number;
  readonly underWay: number;
  readonly contenders: readonly ContenderName[];
  readonly target?: number;
}

const OURS_AND_BARE = ["hoist", "hoist-1", "bare"] as const;
const PACKAGES = ["ws", "socket.io", "bun"] as const;

// The number of connections grows: all that have been opened stay.
const WORKLOADS: readonly Workload[] = [
  {
    label: "1 connection, 1 under way",
    kind: "operation",
    connections: 1,
    underWay: 1,
    contenders: [...OURS_AND_BARE, ...PACKAGES, "python"],
  },
  {
    label: "32 connections, 1 under way on each",
    kind: "operation",
    connections: 32,
    underWay: 1,
    contenders: [...OURS_AND_BARE, ...PACKAGES, "python"],
    target: 1.1,
  },
  {
    label: "32 connections, 32 under way on each",
    kind: "operation",
    connections: 32,
    underWay: 32,
    contenders: ["hoist-16k", ...OURS_AND_BARE, ...PACKAGES],
    target: 0.3,
  },
  {
    label: "32 connections, messages without a reply",
    kind: "message",
    connections: 32,
    underWay: 1,
    contenders: [...OURS_AND_BARE, ...PACKAGES],
  },
  {
    label: "256 connections, 1 under way on each",
    kind: "operation",
    connections: 256,
    underWay: 1,
    contenders: [...OURS_AND_BARE, ...PACKAGES],
  },
];

/** The cells of this section. */
export function roundTrips(context: Context): Cell[] {
  const { connections: most } = context.scale;
  return WORKLOADS
    .filter(({ connections }) => connections <= most)
    .flatMap((workload) => cellsOf(context, workload));
}

function cellsOf(context: Context, workload: Workload): Cell[] {
  const { label, kind, connections, underWay, target } = workload;
  const row: Row = {
    section: "Round trips",
    label,
    metrics: [cpuFor("message"), rateOf("messages")],
    targets: target === undefined ? {} : { cpu: target },
  };
  const { warmUp, duration } = context.scale;
  const request = { kind, connections, underWay, warmUp, duration };
  return interleave(context, row, workload.contenders, async (contender) => {
    const server = await context.server(contender);
    const { pids } = server;
    return valuesOf(
      await server.measure({ do: "round trips", ...request, pids }),
    );
  });
}
