/**
 * Creates the state of one server that all its connections share.
 *
 * @module
 */

import { MemoryBroker } from "../broker/memory.ts";
import { MAX_BATCH } from "../protocol/batch.ts";
import { Authorization } from "./authorization.ts";
import { Broadcaster } from "./broadcaster.ts";
import { OVERRUN } from "./client_rates.ts";
import { StrangerLines } from "./connection_log.ts";
import { type ServerContext, Shutdown } from "./context.ts";
import { Lifecycle } from "./lifecycle.ts";
import { MiddlewareChain } from "./middleware.ts";
import type { ResolvedOptions } from "./options.ts";
import { RoomClients } from "./room_clients.ts";
import { Rooms } from "./rooms.ts";
import { FairScheduler } from "./scheduler.ts";
import { SharedRates } from "./shared_rates.ts";
import { SilenceWheel } from "./silence.ts";
import { Stalls } from "./stalls.ts";
import { Turns } from "./turns.ts";

/** The options of a server that its connections need. */
type Options = Pick<
  ResolvedOptions<never>,
  | "limits"
  | "nameLimits"
  | "minimumVersion"
  | "contract"
  | "authorize"
  | "hooks"
  | "exposeErrors"
  | "idleTimeout"
  | "onSlow"
>;

/** The state of a server, as its hub uses it. */
export interface HubContext extends ServerContext {
  readonly rooms: RoomClients;
}

/** Creates the state that all connections of a server share. */
export function createContext(
  options: Options,
  parts: Pick<
    ServerContext,
    "log" | "registry" | "authenticator" | "connections"
  >,
): HubContext {
  const { log } = parts;
  const { limits, minimumVersion, contract, exposeErrors, onSlow } = options;
  const { authorize, hooks, idleTimeout } = options;
  const defer = (turn: () => void) => void setImmediate(turn);
  const turns = new Turns(defer);
  const scheduler = new FairScheduler(defer);
  const maxBatch = Math.min(MAX_BATCH, limits.maxBuffered);
  let lastMessageId = 0;
  const nextMessageId = () => ++lastMessageId;
  const rooms = new Rooms({
    ...{ log, contract, turns, maxBatch, nextMessageId },
    maxBuffered: limits.maxBuffered,
    maxConnections: limits.maxConnections,
    broker: new MemoryBroker({ maxHistory: limits.maxHistory }),
  });
  return {
    ...parts,
    limits,
    rules: { ...limits, minimumVersion },
    contract,
    authorization: authorize && new Authorization(authorize, contract),
    nameLimits: options.nameLimits,
    middleware: new MiddlewareChain(),
    turns,
    broadcaster: new Broadcaster(turns, maxBatch),
    rooms: new RoomClients(rooms, scheduler, options),
    scheduler,
    idleTimeout,
    silence: new SilenceWheel(),
    stalls: new Stalls(),
    identityRates: new SharedRates(limits.maxRatePerToken),
    overruns: new SharedRates(OVERRUN.perSecond, OVERRUN.burst),
    exposeErrors,
    onSlow,
    lifecycle: hooks && new Lifecycle(hooks, limits.loginTimeout),
    strangers: new StrangerLines(),
    shutdown: new Shutdown(),
    nextMessageId,
  };
}
