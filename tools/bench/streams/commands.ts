/**
 * What the orchestrator and the client of a stream say to each other, in lines of JSON.
 *
 * @module
 */

import type { Memory } from "./memory.ts";
import type { RowsWay } from "./ways.ts";
import type { Span } from "../load/window.ts";

/** The only argument of a client. */
export interface ClientOptions {
  readonly port: number;
  /** The process of the server */
  readonly server: number;
}

/** Get rows, and say what that cost. */
export interface TakeCommand {
  readonly do: "take";
  readonly way: RowsWay;
  readonly rows: number;
}

/** Get rows, and look at the memory after so many of them. */
export interface MarksCommand {
  readonly do: "marks";
  readonly way: RowsWay;
  readonly marks: readonly number[];
}

/** Take the rows of a stream at leisure, and look at the memory as well. */
export interface SlowCommand {
  readonly do: "slow";
  readonly marks: readonly number[];
}

/** What a client is told. */
export type Command = TakeCommand | MarksCommand | SlowCommand;

/** What it cost to get rows. */
export interface Taken extends Span {
  readonly rows: number;
}

/** The memory at each of the marks. */
export interface Marked {
  readonly memories: readonly Memory[];
}

/** What came of a client that takes its time. */
export interface Slow extends Marked {
  /** How many rows the server had made at most that the client had not taken */
  readonly ahead: number;
}
