/**
 * The ways to get rows from the server, each as one would write it.
 *
 * @module
 */

import type { Connection } from "@hoist/cli";
import type { WayName } from "../sides.ts";
import { CHUNK, type Row } from "./rows.ts";

/** Those of the ways that are about rows. */
export type RowsWay = Extract<WayName, "stream" | "calls" | "chunks">;

/** Takes a row; the next is asked for when its promise resolves, if it returns one. */
export type Take = (row: Row) => void | Promise<void>;

/** How many of the calls that bring one row each are under way. */
const UNDER_WAY = 32;

/** Gets so many rows in one of the ways. */
export async function getRows(
  connection: Connection,
  way: RowsWay,
  count: number,
  take: Take,
): Promise<void> {
  switch (way) {
    case "stream":
      return await streamRows(connection, count, take);
    case "calls":
      return await callForRows(connection, count, take);
    case "chunks":
      return await callForChunks(connection, count, take);
  }
}

async function streamRows(
  connection: Connection,
  count: number,
  take: Take,
): Promise<void> {
  for await (const row of connection.stream("rows", { count })) {
    const taken = take(row as unknown as Row);
    if (taken !== undefined) await taken;
  }
}

async function callForRows(
  connection: Connection,
  count: number,
  take: Take,
): Promise<void> {
  let next = 0;
  const call = async () => {
    while (next < count) {
      const row = await connection.operation("row", { n: next++ });
      const taken = take(row as unknown as Row);
      if (taken !== undefined) await taken;
    }
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, call));
}

async function callForChunks(
  connection: Connection,
  count: number,
  take: Take,
): Promise<void> {
  for (let from = 0; from < count; from += CHUNK) {
    const size = Math.min(CHUNK, count - from);
    const rows = await connection.operation("chunk", { from, size });
    for (const row of rows as unknown as readonly Row[]) {
      const taken = take(row);
      if (taken !== undefined) await taken;
    }
  }
}
