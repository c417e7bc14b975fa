/**
 * The commands of the bench to the client of a stream, in lines of JSON, and the answers.
 *
 * @module
 */

import type { Memory } from "./memory.ts";
import type { RowsWay } from "./ways.ts";
import type { Span } from "../load/window.ts";

/** The only argument of a client. */
export interface ClientOptions {
  readonly port: number;
  /** The id of the server's process */
  readonly server: number;
}

/** Get rows, and measure the cost. */
export interface TakeCommand {
  readonly do: "take";
  readonly way: RowsWay;
  readonly rows: number;
}

/** Get rows, and read the memory after some of them. */
export interface MarksCommand {
  readonly do: "marks";
  readonly way: RowsWay;
  readonly marks: readonly number[];
}

/** Read a stream slowly, and read the memory after some of the rows. */
export interface SlowCommand {
  readonly do: "slow";
  readonly marks: readonly number[];
}

/** The commands of a client. */
export type Command = TakeCommand | MarksCommand | SlowCommand;

/** The cost of the rows. */
export interface Taken extends Span {
  readonly rows: number;
}

/** The memory at each reading. */
export interface Marked {
  readonly memories: readonly Memory[];
}

/** The result of a slow client. */
export interface Slow extends Marked {
  /** The largest number of rows that were produced but not yet read */
  readonly ahead: number;
}

/** The answers to the commands. */
export interface Answers {
  readonly take: Taken;
  readonly marks: Marked;
  readonly slow: Slow;
}
