/**
 * The state of one server that all its connections share.
 *
 * @module
 */

import type { Contract } from "../contract/contract.ts";
import type { Authorization } from "./authorization.ts";
import type { Authenticator } from "./authenticator.ts";
import type { Broadcaster } from "./broadcaster.ts";
import type { ConnectionRooms } from "./connection_rooms.ts";
import type { StrangerLines } from "./connection_log.ts";
import type { SharedRates } from "./shared_rates.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { ResolvedLimits } from "./limits.ts";
import type { Log } from "./log.ts";
import type { LimitsByName } from "./name_limits.ts";
import type { MiddlewareChain } from "./middleware.ts";
import type { Registry } from "./registry.ts";

import type { FairScheduler } from "./scheduler.ts";
import type { SessionRules } from "./session_types.ts";
import type { SilenceWheel } from "./silence.ts";
import type { Stalls } from "./stalls.ts";
import type { Turns } from "./turns.ts";

/** What the connections of one server share. The hub creates it once. */
export interface ServerContext {
  readonly log: Log;
  readonly limits: ResolvedLimits;
  /** What each session checks */
  readonly rules: SessionRules;
  /** The contract of the server, if it has one */
  readonly contract: Contract | undefined;
  /** Decides which requests are allowed; `undefined` if all are */
  readonly authorization: Authorization | undefined;
  /** The limits of single names; `undefined` if there are none */
  readonly nameLimits: LimitsByName | undefined;
  /** What runs around all listeners and handlers */
  readonly middleware: MiddlewareChain;
  /** The listeners and operations */
  readonly registry: Registry;
  readonly authenticator: Authenticator;
  /** Sends broadcasts to all clients */
  readonly broadcaster: Broadcaster;
  /** Shares the event loop between the broadcasts to all clients and to rooms */
  readonly turns: Turns;
  /** The rooms, and the clients that use them */
  readonly rooms: ConnectionRooms;
  /** All connections with a socket, including those that have not logged in */
  readonly connections: { readonly size: number };
  /** Shares the event loop between the streams of all connections */
  readonly scheduler: FairScheduler;
  /** How long a client can be silent, in milliseconds */
  readonly idleTimeout: number;
  /** Notices clients that are silent */
  readonly silence: SilenceWheel;
  /** How long the event loop was stalled */
  readonly stalls: Stalls;
  /** The rates that the connections of an identity share */
  readonly identityRates: SharedRates;
  /** How long the clients of a network can make others wait, in milliseconds */
  readonly overruns: SharedRates;
  /** Whether clients are told what a handler threw */
  readonly exposeErrors: boolean;
  /** What happens to a client that reads too slowly */
  readonly onSlow: "disconnect" | "skip";
  /** Calls the hooks of the application; `undefined` if it has none */
  readonly lifecycle?: Lifecycle | undefined;
  /** Limits the log lines about clients that have not logged in */
  readonly strangers: StrangerLines;
  readonly shutdown: Shutdown;
  /** Returns a message number that this server has not used yet. */
  nextMessageId(): number;
}

/** Whether the server is shutting down. */
export class Shutdown {
  #clients: number | undefined;

  /** Whether the shutdown has begun; no new requests are accepted then */
  get hasBegun(): boolean {
    return this.#clients !== undefined;
  }

  /** The number of clients that were logged in when the shutdown began */
  get clients(): number {
    return this.#clients ?? 0;
  }

  /** Begins the shutdown. */
  begin(clients: number): void {
    this.#clients = clients;
  }
}
