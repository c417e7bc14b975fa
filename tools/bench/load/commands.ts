/**
 * What the orchestrator and a load generator say to each other, in lines of JSON.
 *
 * @module
 */

import type { DialectChoice, RequestKind } from "./dialects.ts";
import type { Span } from "./window.ts";

/** The only argument of a generator. */
export interface GeneratorOptions {
  readonly port: number;
  readonly dialect: DialectChoice;
}

/** How long something is measured, in milliseconds, and whose CPU time counts. */
export interface Timing {
  readonly warmUp: number;
  readonly duration: number;
  readonly pids: readonly number[];
}

/** Requests, of which each connection has so many under way. */
export interface RoundTripsCommand extends Timing {
  readonly do: "round trips";
  readonly kind: RequestKind;
  readonly connections: number;
  readonly underWay: number;
}

/** Broadcasts, the next when every client has the last. */
export interface BroadcastCommand extends Timing {
  readonly do: "broadcast";
  /** How many in one tick */
  readonly times: number;
  /** How many of these bursts to measure in any case */
  readonly least: number;
}

/** Connecting, logging in, saying goodbye, and again. */
export interface ConnectionsCommand extends Timing {
  readonly do: "connections";
  /** How many at once */
  readonly width: number;
}

/** The round trips of one client, on a schedule. */
export interface ProbeCommand {
  readonly do: "probe";
  /** From one request to the next, in milliseconds */
  readonly every: number;
  readonly duration: number;
}

/** What a generator is told. */
export type Command =
  | RoundTripsCommand
  | BroadcastCommand
  | ConnectionsCommand
  | ProbeCommand
  /** Have so many clients that are logged in */
  | { readonly do: "connect"; readonly count: number }
  /** Let the server collect its garbage */
  | { readonly do: "collect" };

/** What a measurement came to. */
export interface Measurement extends Span {
  /** How many messages, deliveries or connections */
  readonly units: number;
  /** How long each took, in milliseconds, where that was asked for */
  readonly times: readonly number[];
}
