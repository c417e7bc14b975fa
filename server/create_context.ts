/**
 * Creates the state of one server that all its connections share.
 *
 * @module
 */

import { MemoryBroker } from "../broker/memory_broker.ts";
import { MemoryStore } from "../broker/memory_store.ts";
import { MAX_BATCH } from "../protocol/batch.ts";
import { AdminGuard } from "./admin.ts";
import { Authorization } from "./authorization.ts";
import { Broadcaster } from "./broadcaster.ts";
import { OVERRUN } from "./client_rates.ts";
import { SharedRates } from "./shared_rates.ts";
import { ConnectedClient } from "./connected_client.ts";
import { ConnectionLines } from "./connection_log.ts";
import { type ServerContext, Shutdown } from "./context.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { MiddlewareChain } from "./middleware.ts";
import type { ResolvedOptions } from "./options.ts";
import { createNodeId, ServerNode } from "./node.ts";
import { RoomClients } from "./room_clients.ts";
import { Rooms } from "./rooms.ts";
import { FairScheduler, Turns } from "./scheduler.ts";
import { SilenceWheel, Stalls } from "./silence.ts";
import { createTelemetry } from "./telemetry.ts";

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
  | "broker"
  | "spans"
  | "admin"
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
    "log" | "metrics" | "registry" | "authenticator" | "connections"
  >,
): HubContext {
  const { log, metrics, registry } = parts;
  const { limits, minimumVersion, contract, exposeErrors, onSlow } = options;
  const { authorize, hooks, idleTimeout } = options;
  const defer = (turn: () => void) => void setImmediate(turn);
  const turns = new Turns(defer);
  const scheduler = new FairScheduler(defer);
  const maxBatch = Math.min(MAX_BATCH, limits.maxBuffered);
  if (contract !== undefined) metrics.expect(contract);
  let lastMessageId = 0;
  const nextMessageId = () => ++lastMessageId;
  const node = options.broker && new ServerNode(options.broker, log);
  const store = new MemoryStore(limits);
  const admin = createGuard(options, log);
  const rooms = new Rooms({
    ...{ log, metrics, contract, turns, maxBatch, nextMessageId, node, admin },
    maxBuffered: limits.maxBuffered,
    maxPayload: limits.maxPayload,
    maxConnections: limits.maxConnections,
    broker: node?.broker ?? new MemoryBroker(store),
  });
  const broadcaster = new Broadcaster(turns, maxBatch);
  observe(metrics, { ...parts, broadcaster, rooms, store, node });
  return {
    ...parts,
    node,
    nodeId: node?.id ?? createNodeId(),
    limits,
    rules: { ...limits, minimumVersion },
    contract,
    admin,
    authorization: authorize && new Authorization(authorize, contract),
    nameLimits: options.nameLimits,
    middleware: new MiddlewareChain(),
    turns,
    broadcaster,
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
    connectionLines: new ConnectionLines(),
    telemetry: createTelemetry(
      options.spans,
      ({ kind, name }) => registry.knows(kind, name),
    ),
    shutdown: new Shutdown(),
    nextMessageId,
  };
}

/** What the gauges read. */
interface Observed extends Pick<ServerContext, "connections" | "node"> {
  readonly broadcaster: { readonly size: number };
  readonly rooms: Rooms;
  readonly store: MemoryStore;
}

/** Sets what the gauges return. */
function observe(
  metrics: Metrics,
  { connections, broadcaster, rooms, store, node }: Observed,
): void {
  metrics.countEvictions = () => store.evictions;
  metrics.observe("hoist_connections", () => connections.size);
  metrics.observe("hoist_clients", () => broadcaster.size);
  metrics.observe("hoist_buffered_bytes", () => {
    let bytes = 0;
    for (const each of connections.keys()) bytes += each.bufferedBytes;
    return bytes;
  });
  metrics.observe("hoist_rooms", () => rooms.size);
  metrics.observe("hoist_room_members", () => rooms.memberCount);
  if (node === undefined) {
    return metrics.observe("hoist_history_bytes", () => store.size);
  }
  metrics.observe("hoist_nodes", () => node.nodes.size + 1);
  metrics.observe("hoist_broker_state", () =>
    BROKER_STATES.map((state) => ({
      labels: { state },
      value: state === node.state ? 1 : 0,
    })));
}

const BROKER_STATES = ["starting", "up", "down", "refused"] as const;

function createGuard(
  { admin: rules, limits: { loginTimeout } }: Options,
  log: Log,
): ServerContext["admin"] {
  return rules && new AdminGuard({
    ...{ log, rules, timeout: loginTimeout },
    hasAdminToken: (client) => ConnectedClient.hasAdminToken(client),
    onChanged: (client, isAdmin) =>
      ConnectedClient.transportOf(client)?.log.hideFrames(isAdmin),
  });
}
