/**
 * The rows that the server gives in several ways, and the client holds against what
 * they should be.
 *
 * @module
 */

/** A small row, as a query might have many of. */
export interface Row {
  readonly n: number;
  readonly name: string;
}

/** How many rows a chunk has. */
export const CHUNK = 256;

/** The row of a number. */
export function rowOf(n: number): Row {
  return { n, name: "row" };
}

/** Rows in one go, from a number on. */
export function chunkOf(from: number, size: number): Row[] {
  return Array.from({ length: size }, (_, index) => rowOf(from + index));
}
