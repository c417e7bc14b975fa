/**
 * Connections a second: connect, log in, say goodbye.
 *
 * @module
 */

import { type Cell, interleave, type Row, valuesOf } from "./cell.ts";
import { cpuFor, rateOf } from "./metrics.ts";
import type { Stage } from "./stage.ts";

/** How many at the same time. */
const WIDTH = 32;

const ROW: Row = {
  section: "Connections",
  label: "connect, log in, say goodbye",
  metrics: [cpuFor("connection"), rateOf("connections")],
  targets: { cpu: 1.15 },
};

/** The cells of this section. */
export function connections(stage: Stage): Cell[] {
  const { warmUp, duration, allPeers } = stage.scale;
  const ours = ["hoist", "hoist-log", "bare"] as const;
  const peers = ["ws", "socket.io", "bun", "python"] as const;
  const names = allPeers ? [...ours, ...peers] : ours;
  return interleave(stage, ROW, names, async (contender) => {
    const rig = await stage.rig(contender);
    const timing = { warmUp, duration, pids: rig.pids };
    return valuesOf(
      await rig.measure({ do: "connections", width: WIDTH, ...timing }),
    );
  });
}
