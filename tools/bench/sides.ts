/**
 * Who is compared with whom: this library with bare Deno and the peers or, where others
 * have nothing of the kind, one way to use this library with another.
 *
 * @module
 */

import {
  type ContenderName,
  LABELS as CONTENDER_LABELS,
  PEERS,
} from "./contenders.ts";

/** The ways to use this library that some sections compare with each other. */
export type WayName =
  /** A program with a contract and schemas */
  | "contract"
  /** The same program, in which names are any texts, and data any JSON */
  | "names"
  /** Rows as the items of a stream */
  | "stream"
  /** A call for each row */
  | "calls"
  /** A call for each of the chunks that rows come in */
  | "chunks";

/** The name of whatever is measured. */
export type SubjectName = ContenderName | WayName;

/** Who is compared with whom. */
export interface Sides {
  /** Whose figures are to be judged */
  readonly ours: SubjectName;
  /** What a ratio is relative to */
  readonly base: SubjectName;
  readonly others: readonly SubjectName[];
}

/** This library, bare Deno and the peers. */
export const USUAL: Sides = { ours: "hoist", base: "bare", others: PEERS };

/** What each is called. */
export const LABELS: Readonly<Record<SubjectName, string>> = {
  ...CONTENDER_LABELS,
  contract: "contract",
  names: "names only",
  stream: "a stream",
  calls: "calls",
  chunks: "chunks",
};
