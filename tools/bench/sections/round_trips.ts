/**
 * Round trips: requests and their answers.
 *
 * @module
 */

import type { ContenderName } from "../contenders.ts";
import type { RequestKind } from "../load/dialects.ts";
import { type Cell, interleave, type Row, valuesOf } from "./cell.ts";
import { cpuFor, rateOf } from "./metrics.ts";
import type { Context } from "./context.ts";

/** The requests of the connections. */
interface Workload {
  readonly label: string;
  readonly kind: RequestKind;
  readonly connections: number;
  readonly inProgress: number;
  readonly contenders: readonly ContenderName[];
  readonly target?: number;
}

const OURS_AND_BARE = ["hoist", "hoist-1", "bare"] as const;
const PACKAGES = ["ws", "socket.io", "bun"] as const;

// The number of connections grows, because open connections stay open.
const WORKLOADS: readonly Workload[] = [
  {
    label: "1 connection, 1 in progress",
    kind: "operation",
    connections: 1,
    inProgress: 1,
    contenders: [...OURS_AND_BARE, ...PACKAGES, "python"],
  },
  {
    label: "32 connections, 1 in progress on each",
    kind: "operation",
    connections: 32,
    inProgress: 1,
    contenders: [...OURS_AND_BARE, ...PACKAGES, "python"],
    target: 1.1,
  },
  {
    label: "32 connections, 32 in progress on each",
    kind: "operation",
    connections: 32,
    inProgress: 32,
    contenders: ["hoist-16k", ...OURS_AND_BARE, ...PACKAGES],
    target: 0.3,
  },
  {
    label: "32 connections, messages without a reply",
    kind: "message",
    connections: 32,
    inProgress: 1,
    contenders: [...OURS_AND_BARE, ...PACKAGES],
  },
  {
    label: "256 connections, 1 in progress on each",
    kind: "operation",
    connections: 256,
    inProgress: 1,
    contenders: [...OURS_AND_BARE, ...PACKAGES],
  },
];

/** Returns the cells of this section. */
export function roundTrips(context: Context): Cell[] {
  const { connections: most } = context.scale;
  return WORKLOADS
    .filter(({ connections }) => connections <= most)
    .flatMap((workload) => cellsOf(context, workload));
}

function cellsOf(context: Context, workload: Workload): Cell[] {
  const { label, kind, connections, inProgress, target } = workload;
  const row: Row = {
    section: "Round trips",
    label,
    metrics: [cpuFor("message"), rateOf("messages")],
    targets: target === undefined ? {} : { cpu: target },
  };
  const { warmUp, duration } = context.scale;
  const request = { kind, connections, inProgress, warmUp, duration };
  return interleave(context, row, workload.contenders, async (contender) => {
    const server = await context.server(contender);
    const { pids } = server;
    return valuesOf(
      await server.measure({ do: "round trips", ...request, pids }),
    );
  });
}
