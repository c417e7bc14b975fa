/**
 * Connections that connect, log in and close.
 *
 * @module
 */

import { type Cell, interleave, type Row, valuesOf } from "./cell.ts";
import { cpuFor, rateOf } from "./metrics.ts";
import type { Context } from "./context.ts";

/** The number of connections at the same time. */
const WIDTH = 32;

const ROW: Row = {
  section: "Connections",
  label: "connect, log in, close",
  metrics: [cpuFor("connection"), rateOf("connections")],
  targets: { cpu: 1.15 },
};

/** Returns the cells of this section. */
export function connections(context: Context): Cell[] {
  const { warmUp, duration, allPeers } = context.scale;
  const ours = ["hoist", "hoist-log", "bare"] as const;
  const peers = ["ws", "socket.io", "bun", "python"] as const;
  const names = allPeers ? [...ours, ...peers] : ours;
  return interleave(context, ROW, names, async (contender) => {
    const server = await context.server(contender);
    const timing = { warmUp, duration, pids: server.pids };
    return valuesOf(
      await server.measure({ do: "connections", width: WIDTH, ...timing }),
    );
  });
}
