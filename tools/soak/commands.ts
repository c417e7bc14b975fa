/**
 * The commands to the server and to the groups of clients, in lines of JSON, and the
 * reports that answer them.
 *
 * @module
 */

import type { Counts } from "./clients/tally.ts";
import type { Finding } from "./problems.ts";
import type { LifecycleCounts } from "./server/lifecycle_audit.ts";

/** The token of the server. */
export const TOKEN = "soak-token";

/** The longest wait for anything that must happen, in milliseconds. */
export const TIMEOUT = 60_000;

/** The option `reconnect` of clients whose connection is lost often. */
export const RECONNECT = { minDelay: 10, maxDelay: 200 };

/** The same for clients whose requests wait while there is no connection. */
export const RECONNECT_QUEUED = { ...RECONNECT, maxQueue: 32 };

/** The only argument of the server's process. */
export interface ServerSettings {
  /** The largest number of connections, in total and from one address */
  readonly capacity: number;
}

/** The commands of the server: report, collect garbage and report, close. */
export type ServerCommand = "status" | "collect" | "close";

/** The memory of a process, in bytes. */
export interface Memory {
  readonly rss: number;
  readonly heap: number;
}

/** The report of the server. */
export interface ServerReport {
  readonly memory: Memory;
  /** The number of clients in `server.clients` */
  readonly clients: number;
  /** The number of disconnected clients in memory, known after `collect` */
  readonly leaked: number;
  /** The number of connections that were logged when they began, and of their ends */
  readonly begun: number;
  readonly ended: number;
  readonly broadcasts: number;
  readonly delivered: number;
  readonly skipped: number;
  readonly failed: number;
  /** The calls of `onConnect` and of `onDisconnect`, and the signals that aborted */
  readonly lifecycle: LifecycleCounts;
  /** The number of calls that wait until their caller gives them up */
  readonly waiting: number;
  /** The number of each event that every run must reach */
  readonly events: Readonly<Record<string, number>>;
  /** The number of streams that began, and the number that is still running */
  readonly streams: number;
  readonly running: number;
  /** The number of requests to clients, and the number that is pending */
  readonly requests: number;
  readonly pending: number;
  /** The number of messages to rooms */
  readonly ticks: number;
  /** The number of log lines with the level `warn` */
  readonly warnings: number;
  readonly found: Finding;
}

/** The only argument of a group's process. */
export interface GroupOptions {
  readonly port: number;
  readonly seed: number;
  /** Whether the clients visit the server, or are in its rooms until the end */
  readonly kind: "visitors" | "members";
  /** A name that no other group has */
  readonly name: string;
  readonly clients: number;
  /** The number of connections that the server allows */
  readonly capacity: number;
}

/**
 * The commands of a group: start, report, disconnect all clients, use all connections
 * that the server allows.
 */
export type GroupCommand = "start" | "status" | "stop" | "fill";

/** The report of a group. */
export interface GroupReport {
  readonly counts: Counts;
  readonly found: Finding;
}
