/**
 * The commands of the bench to a load generator, in lines of JSON, and the answers.
 *
 * @module
 */

import type { DialectChoice, RequestKind } from "./dialects.ts";
import type { Span } from "./window.ts";

/** The only argument of a load generator. */
export interface GeneratorOptions {
  readonly port: number;
  readonly dialect: DialectChoice;
}

/** The duration of a measurement in milliseconds, and the processes of the server. */
export interface Timing {
  readonly warmUp: number;
  readonly duration: number;
  readonly pids: readonly number[];
}

/** Requests: each connection has a number of them in progress. */
export interface RoundTripsCommand extends Timing {
  readonly do: "round trips";
  readonly kind: RequestKind;
  readonly connections: number;
  readonly inProgress: number;
}

/** Broadcasts: each starts when all clients have received the last one. */
export interface BroadcastCommand extends Timing {
  readonly do: "broadcast";
  /** The number of broadcasts in one tick */
  readonly times: number;
  /** The smallest number of bursts */
  readonly least: number;
  /** The operation that sends a burst (default: `broadcast`) */
  readonly operation?: BroadcastOperation;
  /** The number of clients that receive it (default: all) */
  readonly members?: number;
}

/** The operations that send messages to clients: to all, or to the members of a room. */
export type BroadcastOperation = "broadcast" | "room" | "kept room";

/** Joins: the first clients join rooms, all at once. */
export interface JoinCommand {
  readonly do: "join";
  readonly pids: readonly number[];
  /** The number of clients */
  readonly members: number;
  /** The names of the rooms. Each client replaces `{client}` by its own number */
  readonly rooms: readonly string[];
}

/** Messages to a room without members, as fast as possible. */
export interface PublishCommand {
  readonly do: "publish";
  readonly pids: readonly number[];
  readonly times: number;
  /** Whether the room keeps a history */
  readonly isKept: boolean;
}

/** Connections that connect, log in, close, and connect again. */
export interface ConnectionsCommand extends Timing {
  readonly do: "connections";
  /** The number of connections at the same time */
  readonly width: number;
}

/** Round trips of one client, at fixed times. */
export interface ProbeCommand {
  readonly do: "probe";
  /** The time between two requests, in milliseconds */
  readonly every: number;
  readonly duration: number;
}

/** The commands of a load generator. */
export type Command =
  | RoundTripsCommand
  | BroadcastCommand
  | ConnectionsCommand
  | JoinCommand
  | PublishCommand
  | ProbeCommand
  /** Log in clients until there are `count` of them */
  | { readonly do: "connect"; readonly count: number }
  /** Let the server collect garbage, and measure its heap, in bytes */
  | { readonly do: "heap" }
  /** Let the server collect garbage */
  | { readonly do: "collect" };

/** The result of a measurement. */
export interface Measurement extends Span {
  /** The number of messages, deliveries, connections, joins or bytes */
  readonly units: number;
  /** The time that each of them took, in milliseconds; empty if it was not measured */
  readonly times: readonly number[];
}
