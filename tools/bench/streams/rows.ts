/**
 * The rows that the server sends in several ways, and that the client checks.
 *
 * @module
 */

/** A small row, like one of a query. */
export interface Row {
  readonly n: number;
  readonly name: string;
}

/** The number of rows in a chunk. */
export const CHUNK = 256;

/** Returns the row with a number. */
export function rowOf(n: number): Row {
  return { n, name: "row" };
}

/** Returns a chunk of rows from a number on. */
export function chunkOf(from: number, size: number): Row[] {
  return Array.from({ length: size }, (_, index) => rowOf(from + index));
}
