/**
 * The time from the command to the first response.
 *
 * @module
 */

import type { Contender, ContenderName } from "../contenders.ts";
import { pause } from "../../lib/deadline.ts";
import { freePort } from "../../lib/ports.ts";
import { Process } from "../../lib/process.ts";
import { type Cell, interleave, type Row, type Values } from "./cell.ts";
import type { Context } from "./context.ts";

/** The time between two connection attempts, in milliseconds. */
const INTERVAL = 1;

/** The longest start, in milliseconds. */
const TIMEOUT = 20_000;

const NAMES: readonly ContenderName[] = ["hoist", "bare", "hoist-cli"];
const PEERS: readonly ContenderName[] = ["ws", "socket.io", "bun", "python"];

const ROW: Row = {
  section: "Start-up",
  label: "from the command to /hoist/ack",
  metrics: [{ key: "time", label: "time", unit: "ms" }],
  targets: { time: 1.3 },
};

const REQUEST = new TextEncoder().encode(
  "GET /hoist/ack HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
);

/** Returns the cells of this section. */
export function startUp(context: Context): Cell[] {
  const names = context.scale.allPeers ? [...NAMES, ...PEERS] : NAMES;
  return interleave(
    withMoreRounds(context),
    ROW,
    names,
    async (contender, round) => {
      // The first start fills the caches of Deno and of the disk.
      if (round === 0) await measure(contender);
      return await measure(contender);
    },
  );
}

/** A start is short and its time varies, so there are more rounds. */
function withMoreRounds(context: Context): Context {
  const { startUpRounds } = context.scale;
  return context.with({ rounds: startUpRounds });
}

async function measure(contender: Contender): Promise<Values> {
  const port = freePort();
  const options = contender.startUp(port);
  const start = performance.now();
  await using _server = new Process({ ...options, silent: true });
  while (!await answers(port)) {
    if (performance.now() - start > TIMEOUT) {
      throw new Error(`no answer within ${TIMEOUT / 1_000} s`);
    }
    await pause(INTERVAL);
  }
  return { time: performance.now() - start };
}

/** Returns whether the server responds. */
async function answers(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(REQUEST);
    const chunk = new Uint8Array(64);
    const length = await connection.read(chunk) ?? 0;
    return new TextDecoder().decode(chunk.subarray(0, length)).startsWith(
      "HTTP/1.1 200",
    );
  } catch (error) {
    const isStarting = error instanceof Deno.errors.ConnectionRefused ||
      error instanceof Deno.errors.ConnectionReset;
    if (isStarting) return false;
    throw error;
  }
}
