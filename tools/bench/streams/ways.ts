/**
 * The ways to get rows from the server, each in its usual form.
 *
 * @module
 */

import type { Connection } from "@hoist/cli";
import type { WayName } from "../sides.ts";
import { CHUNK, type Row } from "./rows.ts";

/** The ways to get rows. */
export type RowsWay = Extract<WayName, "stream" | "calls" | "chunks">;

/** Takes a row. If it returns a promise, the next row is requested when it resolves. */
export type Take = (row: Row) => void | Promise<void>;

/** The number of calls in progress, each of which returns one row. */
const IN_PROGRESS = 32;

/** Gets a number of rows in one of the ways. */
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
  await Promise.all(Array.from({ length: IN_PROGRESS }, call));
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
