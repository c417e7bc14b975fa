/**
 * The memory of an idle connection.
 *
 * @module
 */

import { readMemory } from "../accounting.ts";
import type { Contender, ContenderName } from "../contenders.ts";
import { pause } from "../../lib/deadline.ts";
import type { ServerUnderLoad } from "../server_under_load.ts";
import { type Cell, rotate, type Row, type Values } from "./cell.ts";
import type { Context } from "./context.ts";

/** The time that a server gets to become idle, in milliseconds. */
const SETTLE = 250;

/** The connections before the first reading, which load and run all code. */
const WARM_CONNECTIONS = 100;

const NAMES: readonly ContenderName[] = ["hoist", "bare"];
const PEERS: readonly ContenderName[] = ["ws", "socket.io", "bun"];

/** Returns the cells of this section. */
export function memory(context: Context): Cell[] {
  const { memorySizes, memoryRounds, allPeers } = context.scale;
  const rows = memorySizes.map(rowOf);
  const contenders = context.choose(NAMES);
  const peers = allPeers ? context.choose(PEERS) : [];
  return Array.from({ length: memoryRounds }, (_, round) => {
    const all = [...contenders, ...(round === 0 ? peers : [])];
    return rotate(all, round).flatMap((contender) =>
      cellsOf(context, contender, round, rows)
    );
  }).flat();
}

// One server measures all sizes of a round, and each round gets a new server, because a
// process keeps memory that it once had.
function cellsOf(
  context: Context,
  contender: Contender,
  round: number,
  rows: readonly Row[],
): Cell[] {
  const { memorySizes } = context.scale;
  const key = `${contender.name} ${round}`;
  let empty = 0;
  return rows.map((row, index): Cell => ({
    row,
    contender: contender.name,
    round,
    measure: async () => {
      const server = await context.server(contender, key);
      if (index === 0) empty = await readEmpty(server);
      const values = await fill(server, memorySizes[index] ?? 0, empty);
      if (index === rows.length - 1) await context.drop(key);
      return values;
    },
  }));
}

async function readEmpty(server: ServerUnderLoad): Promise<number> {
  await server.command({ do: "connect", count: WARM_CONNECTIONS });
  return await readSettled(server);
}

async function fill(
  server: ServerUnderLoad,
  size: number,
  empty: number,
): Promise<Values> {
  await server.command({ do: "connect", count: size });
  const growth = await readSettled(server) - empty;
  return { memory: growth / (size - WARM_CONNECTIONS) / 1_024 };
}

/** Returns the memory of an idle server after garbage collection. */
async function readSettled(server: ServerUnderLoad): Promise<number> {
  await pause(SETTLE);
  await server.command({ do: "collect" });
  // The second collection frees the objects that the first one finalized.
  await server.command({ do: "collect" });
  await pause(SETTLE);
  return readMemory(server.pids);
}

function rowOf(size: number): Row {
  return {
    section: "Idle memory",
    label: `${size.toLocaleString("en")} connections`,
    metrics: [{ key: "memory", label: "memory per connection", unit: "KiB" }],
    targets: { memory: 1.15 },
  };
}
