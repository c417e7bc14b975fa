/**
 * The socket of the client on Deno, compared with that of the runtime and with `ws` on Node.
 *
 * @module
 */

import { Process } from "../../lib/process.ts";
import { PACKAGES } from "../packages.ts";
import type { Sides, SocketName } from "../sides.ts";
import {
  type Cell,
  type Metric,
  type Row,
  takeTurns,
  type Values,
} from "./cell.ts";
import type { Context } from "./context.ts";

const FOLDER = decodeURIComponent(
  new URL("../sockets", import.meta.url).pathname,
);

/** The longest start of a process, and the longest measurement, in milliseconds. */
const TIMEOUT = 60_000;

/** CPU time needs a longer measurement, because Deno's socket waits most of the time. */
const LONGER = 4;

const TIME: Metric = { key: "p50", label: "time p50", unit: "us" };
const CPU: Metric = { key: "clientCpu", label: "client CPU", unit: "us" };

const WITH_WS: Sides = { ours: "socket", base: "ws-client", others: [] };
const WITH_RUNTIME: Sides = {
  ours: "socket",
  base: "runtime-socket",
  others: [],
};

/** A row and the workload of `sockets/client.mjs`. */
type Workload = readonly [row: Row, workload: string];

const WORKLOADS: readonly Workload[] = [
  [rowOf("round trip of 4 KiB", TIME, WITH_WS, 1.2), "4096"],
  [rowOf("round trip of 64 KiB", TIME, WITH_WS, 1.2), "65536"],
  [rowOf("round trip of 100 bytes", CPU, WITH_RUNTIME, 1.1), "100"],
  [rowOf("one of 32 calls in a batch", CPU, WITH_RUNTIME, 1.1), "batches"],
];

function rowOf(
  label: string,
  metric: Metric,
  sides: Sides,
  target: number,
): Row {
  const targets = { [metric.key]: target };
  return {
    section: "Client sockets",
    label,
    metrics: [metric],
    targets,
    sides,
  };
}

/** Returns the cells of this section. */
export function sockets(context: Context): Cell[] {
  const hasNode = context.choose(["ws"]).length > 0;
  const { rounds } = context.scale;
  const duration = LONGER * context.scale.duration;
  return WORKLOADS
    .filter(([{ sides }]) => hasNode || sides !== WITH_WS)
    .flatMap(([row, workload]) =>
      takeTurns(namesOf(row), () => rounds).map(({ subject, round }): Cell => ({
        row,
        contender: subject,
        round,
        measure: () => measure(subject, workload, duration),
      }))
    );
}

function namesOf({ sides }: Row): readonly SocketName[] {
  return ["socket", sides === WITH_WS ? "ws-client" : "runtime-socket"];
}

/** Measures a new client with a new server, because two processes can differ. */
async function measure(
  name: SocketName,
  workload: string,
  duration: number,
): Promise<Values> {
  await using server = new Process(denoOptions("server.ts"));
  const port = await server.next(TIMEOUT);
  const args = [name, port, workload, String(duration), PACKAGES];
  await using client = new Process(
    name === "ws-client"
      ? { command: "node", args: [`${FOLDER}/client.mjs`, ...args] }
      : denoOptions("client.mjs", ...args),
  );
  return JSON.parse(await client.next(TIMEOUT));
}

function denoOptions(file: string, ...args: readonly string[]) {
  return {
    command: Deno.execPath(),
    args: ["run", "--allow-all", "--no-check", `${FOLDER}/${file}`, ...args],
  };
}
