/**
 * Idle memory for a connection.
 *
 * @module
 */

import { readMemory } from "../accounting.ts";
import type { Contender, ContenderName } from "../contenders.ts";
import { pause } from "../load/deadline.ts";
import type { Rig } from "../rig.ts";
import { type Cell, rotate, type Row, type Values } from "./cell.ts";
import type { Stage } from "./stage.ts";

/** How long a server gets to come to rest, in milliseconds. */
const SETTLE = 250;

/** How many connect before memory is looked at first, so that all code has run. */
const WARM_CONNECTIONS = 100;

const NAMES: readonly ContenderName[] = ["hoist", "bare"];
const PEERS: readonly ContenderName[] = ["ws", "socket.io", "bun"];

/** The cells of this section. */
export function memory(stage: Stage): Cell[] {
  const { memorySizes, memoryRounds, allPeers } = stage.scale;
  const rows = memorySizes.map(rowOf);
  const contenders = stage.choose(NAMES);
  const peers = allPeers ? stage.choose(PEERS) : [];
  return Array.from({ length: memoryRounds }, (_, round) => {
    const all = [...contenders, ...(round === 0 ? peers : [])];
    return rotate(all, round).flatMap((contender) =>
      cellsOf(stage, contender, round, rows)
    );
  }).flat();
}

// One server for all sizes of a round, and another for the next: what a server has
// had before stays in its memory.
function cellsOf(
  stage: Stage,
  contender: Contender,
  round: number,
  rows: readonly Row[],
): Cell[] {
  const { memorySizes } = stage.scale;
  const key = `${contender.name} ${round}`;
  let empty = 0;
  return rows.map((row, index): Cell => ({
    row,
    contender: contender.name,
    round,
    measure: async () => {
      const rig = await stage.rig(contender, key);
      if (index === 0) empty = await readEmpty(rig);
      const values = await fill(rig, memorySizes[index] ?? 0, empty);
      if (index === rows.length - 1) await stage.drop(key);
      return values;
    },
  }));
}

async function readEmpty(rig: Rig): Promise<number> {
  await rig.command({ do: "connect", count: WARM_CONNECTIONS });
  return await readSettled(rig);
}

async function fill(rig: Rig, size: number, empty: number): Promise<Values> {
  await rig.command({ do: "connect", count: size });
  const growth = await readSettled(rig) - empty;
  return { memory: growth / (size - WARM_CONNECTIONS) / 1_024 };
}

/** The memory of a server that has nothing to do and no garbage. */
async function readSettled(rig: Rig): Promise<number> {
  await pause(SETTLE);
  await rig.command({ do: "collect" });
  // What the first collection finalised, the second frees.
  await rig.command({ do: "collect" });
  await pause(SETTLE);
  return readMemory(rig.pids);
}

function rowOf(size: number): Row {
  return {
    section: "Idle memory",
    label: `${size.toLocaleString("en")} connections`,
    metrics: [{ key: "memory", label: "memory a connection", unit: "KiB" }],
    targets: { memory: 1.15 },
  };
}
