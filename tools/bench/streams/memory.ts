/**
 * The memory of a server and its client that rest for a moment.
 *
 * @module
 */

import type { Connection } from "@hoist/cli";
import { readMemory } from "../accounting.ts";
import { pause } from "../../lib/deadline.ts";

/** How long both get to come to rest, in milliseconds. */
const SETTLE = 100;

const MEBIBYTE = 2 ** 20;

/** What both have, in MiB: in RAM, and in the heap of JavaScript. */
export interface Memory {
  readonly server: number;
  readonly client: number;
  readonly serverHeap: number;
  readonly clientHeap: number;
}

/** Reads the memory of both, once there is no garbage. */
export async function readBoth(
  connection: Connection,
  server: number,
): Promise<Memory> {
  await pause(SETTLE);
  // What the first collection finalised, the second frees.
  await collectBoth(connection);
  await collectBoth(connection);
  await pause(SETTLE);
  const serverHeap = Number(await connection.operation("heap"));
  const clientHeap = Deno.memoryUsage().heapUsed;
  return {
    server: readMemory([server]) / MEBIBYTE,
    client: readMemory([Deno.pid]) / MEBIBYTE,
    serverHeap: serverHeap / MEBIBYTE,
    clientHeap: clientHeap / MEBIBYTE,
  };
}

async function collectBoth(connection: Connection): Promise<void> {
  await connection.operation("collect");
  (globalThis as { gc?(): void }).gc?.();
}
