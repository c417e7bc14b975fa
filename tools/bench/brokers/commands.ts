/**
 * The commands of the bench to the nodes and to the reader, in lines of JSON.
 *
 * @module
 */

import type { EngineName } from "../../chaos/commands.ts";

/** A program that the nodes run. */
export type NodeKind =
  /** This library */
  | "hoist"
  /** A program that uses the client of the engine directly */
  | "engine"
  /** The same program, if it does not wait until the engine has the messages */
  | "unacknowledged"
  | "socket.io";

/** The only argument of a node. */
export interface NodeSettings {
  readonly engine: EngineName;
  /** The port of the engine */
  readonly port: number;
  /** Whether the engine keeps the messages */
  readonly isKept: boolean;
  /** Whether a message is published when the engine has it */
  readonly isAcknowledged: boolean;
}

/** The only argument of a reader. */
export interface ReaderSettings {
  readonly kind: NodeKind;
  /** The port of the node */
  readonly port: number;
}

/** Publish messages, one after another at fixed times. */
export interface PaceCommand {
  readonly do: "pace";
  readonly count: number;
  /** The time between two messages, in milliseconds */
  readonly every: number;
}

/** Publish messages as fast as possible, with some of them in progress. */
export interface FloodCommand {
  readonly do: "flood";
  readonly count: number;
}

/** The commands of a node, which answers when all messages are published. */
export type NodeCommand = PaceCommand | FloodCommand;

/** Wait until messages have arrived; the answer is the time that each of them took. */
export interface ReadCommand {
  readonly do: "read";
  readonly count: number;
}

/** The answer of a reader, in milliseconds. */
export interface ReadAnswer {
  readonly times: readonly number[];
}
