/**
 * Broadcasts: single ones, and bursts of several broadcasts in one tick.
 *
 * @module
 */

import type { ContenderName } from "../contenders.ts";
import { type Cell, interleave, type Row, valuesOf } from "./cell.ts";
import { cpuFor } from "./metrics.ts";
import type { Context } from "./context.ts";

/** The number of broadcasts in a burst. */
const BURST = 8;

/** The smallest number of bursts. */
const LEAST = 3;

const LAST = "until the last client";

/** Returns the cells of this section. */
export function broadcasts(context: Context): Cell[] {
  return context.scale.broadcastSizes.flatMap((size) => [
    ...cellsOf(context, size, 1),
    ...cellsOf(context, size, BURST),
  ]);
}

function cellsOf(context: Context, size: number, times: number): Cell[] {
  const { warmUp, broadcastDuration: duration } = context.scale;
  const names = chooseNames(context, size, times);
  return interleave(context, rowOf(size, times), names, async (contender) => {
    const server = await context.server(contender);
    await server.command({ do: "connect", count: size });
    const timing = { warmUp, duration, pids: server.pids };
    const burst = { times, least: LEAST };
    return valuesOf(
      await server.measure({ do: "broadcast", ...burst, ...timing }),
    );
  });
}

function rowOf(size: number, times: number): Row {
  const clients = `${size.toLocaleString("en")} clients`;
  return {
    section: "Broadcast",
    label: times === 1
      ? `${clients}, single`
      : `${clients}, bursts of ${times}`,
    metrics: [
      cpuFor("delivery"),
      { key: "p50", label: `${LAST}, p50`, unit: "ms" },
      { key: "p99", label: `${LAST}, p99`, unit: "ms" },
    ],
    targets: { cpu: times === 1 ? 1.05 : 0.25 },
  };
}

function chooseNames(
  context: Context,
  size: number,
  times: number,
): ContenderName[] {
  const names: ContenderName[] = ["hoist", "bare"];
  // With single broadcasts, both of our clients receive the same frames.
  if (times > 1) names.push("hoist-1");
  if (!context.scale.allPeers) return names;
  names.push("ws", "socket.io", "bun");
  if (size <= 100 && times === 1) names.push("python");
  return names;
}
