/**
 * Creates the state of one server that all its connections share.
 *
 * @module
 */

import { MAX_BATCH } from "../protocol/batch.ts";
import type { Authenticator } from "./authenticator.ts";
import { Authorization } from "./authorization.ts";
import { Broadcaster } from "./broadcaster.ts";
import { OVERRUN } from "./client_rates.ts";
import { StrangerLines } from "./connection_log.ts";
import { type ServerContext, Shutdown } from "./context.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { Log } from "./log.ts";
import { MiddlewareChain } from "./middleware.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Registry } from "./registry.ts";
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

/** Creates the state that all connections of a server share. */
export function createContext(
  options: Options,
  log: Log,
  registry: Registry,
  authenticator: Authenticator,
  connections: ServerContext["connections"],
): ServerContext {
  const { limits, minimumVersion, contract, exposeErrors, onSlow } = options;
  const { authorize, hooks, idleTimeout } = options;
  const defer = (turn: () => void) => void setImmediate(turn);
  const turns = new Turns(defer);
  let lastMessageId = 0;
  return {
    log,
    limits,
    rules: { ...limits, minimumVersion },
    contract,
    authorization: authorize && new Authorization(authorize, contract),
    nameLimits: options.nameLimits,
    middleware: new MiddlewareChain(),
    registry,
    authenticator,
    turns,
    broadcaster: new Broadcaster(
      turns,
      Math.min(MAX_BATCH, limits.maxBuffered),
    ),
    connections,
    scheduler: new FairScheduler(defer),
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
    nextMessageId: () => ++lastMessageId,
  };
}
