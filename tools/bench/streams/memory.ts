/**
 * The memory of an idle server and its idle client.
 *
 * @module
 */

import type { Connection } from "@hoist/cli";
import { readMemory } from "../accounting.ts";
import { pause } from "../../lib/deadline.ts";

/** The time that both get to become idle, in milliseconds. */
const SETTLE = 100;

const MEBIBYTE = 2 ** 20;

/** The resident memory and the JavaScript heap of both, in MiB. */
export interface Memory {
  readonly server: number;
  readonly client: number;
  readonly serverHeap: number;
  readonly clientHeap: number;
}

/** Collects garbage, and reads the memory of both. */
export async function readBoth(
  connection: Connection,
  server: number,
): Promise<Memory> {
  await pause(SETTLE);
  // The second collection frees the objects that the first one finalized.
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
