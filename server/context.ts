/**
 * The state of one server that all its connections share.
 *
 * @module
 */

import type { Contract } from "../contract/contract.ts";
import type { AdminGuard } from "./admin.ts";
import type { Authorization } from "./authorization.ts";
import type { Authenticator } from "./authenticator.ts";
import type { Broadcaster } from "./broadcaster.ts";
import type { ConnectionRooms } from "./connection_rooms.ts";
import type { ConnectionLines } from "./connection_log.ts";
import type { SharedRates } from "./shared_rates.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { ResolvedLimits } from "./limits.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { LimitsByName } from "./name_limits.ts";
import type { OperationContext } from "./message.ts";
import type { MiddlewareChain } from "./middleware.ts";
import type { ServerNode } from "./node.ts";
import type { Operation, Registry } from "./registry.ts";
import type { FairScheduler, Turns } from "./scheduler.ts";
import type { SessionRules } from "./session_types.ts";
import type { SilenceWheel, Stalls } from "./silence.ts";
import type { ServerTelemetry } from "./telemetry.ts";

/** All connections of one server, as their metrics need them. */
export interface OpenConnections {
  readonly size: number;
  keys(): Iterable<{ readonly bufferedBytes: number }>;
}

/** What the connections of one server share. The hub creates it once. */
export interface ServerContext {
  /** The id of the server, which is new at each start */
  readonly nodeId: string;
  /** Connects the server to others; `undefined` if it is alone */
  readonly node: ServerNode | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly limits: ResolvedLimits;
  /** What each session checks */
  readonly rules: SessionRules;
  /** The contract of the server, if it has one */
  readonly contract: Contract | undefined;
  /** Lets admins use the admin contract; `undefined` if the server has no admins */
  readonly admin: AdminGuard<Operation<OperationContext>> | undefined;
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
  readonly connections: OpenConnections;
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
  /** Whether clients get the name and the message of what a handler threw */
  readonly exposeErrors: boolean;
  /** What happens to a client that reads too slowly */
  readonly onSlow: "disconnect" | "skip";
  /** Calls the hooks of the application; `undefined` if it has none */
  readonly lifecycle?: Lifecycle | undefined;
  /** Limits the log lines about several clients together */
  readonly connectionLines: ConnectionLines;
  /** Observes the requests; `undefined` if the program does not use OpenTelemetry */
  readonly telemetry: ServerTelemetry | undefined;
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
