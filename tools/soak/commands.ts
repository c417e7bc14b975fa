/**
 * What the orchestrator and its children say to each other, in lines of JSON.
 *
 * @module
 */

import type { Counts } from "./clients/tally.ts";
import type { Finding } from "./problems.ts";

/** The token of the server. */
export const TOKEN = "soak-token";

/** How long anything that is due may take, in milliseconds: no run is so slow. */
export const PATIENCE = 60_000;

/** How the server is started; the only argument of its process. */
export interface ServerSettings {
  /** How many connections it allows, from anywhere and from one address */
  readonly capacity: number;
}

/** What the server is told: tell how it is, the same without garbage, close. */
export type ServerCommand = "status" | "collect" | "close";

/** Memory of a process, in bytes. */
export interface Memory {
  readonly rss: number;
  readonly heap: number;
}

/** What the server answers. */
export interface ServerReport {
  readonly memory: Memory;
  /** Those in `server.clients` */
  readonly clients: number;
  /** Those that have gone and that something still holds; known after `collect` */
  readonly held: number;
  /** Lines that say that a connection began, or that it ended */
  readonly begun: number;
  readonly ended: number;
  readonly broadcasts: number;
  readonly delivered: number;
  readonly skipped: number;
  readonly failed: number;
  /** Streams that began, and those of them that have not ended */
  readonly streams: number;
  readonly running: number;
  /** Requests to clients, and those of them that have come to nothing yet */
  readonly asked: number;
  readonly waiting: number;
  /** Lines of level `warn` */
  readonly warnings: number;
  readonly found: Finding;
}

/** How a group of clients is started; the only argument of its process. */
export interface GroupOptions {
  readonly port: number;
  readonly seed: number;
  /** What no other group is called */
  readonly name: string;
  readonly clients: number;
  /** How many connections the server allows */
  readonly capacity: number;
}

/**
 * What a group of clients is told: begin, tell how it is, let all leave, take up all
 * connections that the server allows.
 */
export type GroupCommand = "start" | "status" | "stop" | "fill";

/** What a group of clients answers. */
export interface GroupReport {
  readonly counts: Counts;
  readonly found: Finding;
}
