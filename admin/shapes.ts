/**
 * The forms of the data of the admin contract.
 *
 * @module
 */

import type { ContractDescription } from "../contract/contract.ts";
import type { MetricsSnapshot } from "../server/metrics.ts";
import * as is from "./schema.ts";
import type * as admin from "./types.ts";

export const LEVELS = is.oneOf("debug", "info", "warn", "error");

const BROKER = is.orNull(is.object<admin.AdminBroker>({
  state: is.anyText,
  isReady: is.flag,
  isRequired: is.flag,
}));

export const HEALTH: is.Shape<admin.AdminHealth> = is.object({
  status: is.oneOf("ok", "starting", "closing", "failing"),
  node: is.anyText,
  version: is.anyText,
  uptime: is.anyNumber,
  lostUpgrades: is.anyNumber,
  broker: BROKER,
});

const MEMORY = is.object<admin.AdminMemory>({
  rss: is.anyNumber,
  heapUsed: is.anyNumber,
  heapTotal: is.anyNumber,
  external: is.anyNumber,
});

export const STATS: is.Shape<admin.AdminStats> = is.object({
  time: is.anyNumber,
  node: is.anyText,
  version: is.anyText,
  uptime: is.anyNumber,
  memory: MEMORY,
  clients: is.anyNumber,
  connections: is.anyNumber,
  rooms: is.anyNumber,
  pending: is.anyNumber,
  buffered: is.anyNumber,
  lostUpgrades: is.anyNumber,
  nodes: is.anyNumber,
  broker: BROKER,
  metrics: is.optional(is.objectLike<MetricsSnapshot>()),
});

const CLIENT_PROPERTIES: is.Properties<admin.AdminClient> = {
  id: is.anyNumber,
  globalId: is.anyText,
  address: is.anyText,
  version: is.anyText,
  name: is.orNull(is.anyText),
  user: is.orNull(is.anyText),
  isAdmin: is.flag,
  isSelf: is.flag,
  connectedAt: is.anyNumber,
  rooms: is.anyNumber,
  pending: is.anyNumber,
  buffered: is.anyNumber,
};

const CLIENT = is.object(CLIENT_PROPERTIES);

export const CLIENT_DETAIL: is.Shape<admin.AdminClientDetail> = is.object({
  ...CLIENT_PROPERTIES,
  features: is.arrayOf(is.anyText),
  roomNames: is.arrayOf(is.anyText),
  streams: is.anyNumber,
  expires: is.orNull(is.anyNumber),
});

export const CLIENTS_CHANGE: is.Shape<admin.AdminClientsChange> = is.object({
  joined: is.arrayOf(CLIENT),
  changed: is.arrayOf(CLIENT),
  left: is.arrayOf(is.anyNumber),
  count: is.anyNumber,
  isComplete: is.flag,
});

const ROOM = is.object<admin.AdminRoom>({
  name: is.anyText,
  pattern: is.anyText,
  clients: is.anyNumber,
  members: is.anyNumber,
});

export const ROOMS: is.Shape<admin.AdminRooms> = is.object({
  rooms: is.arrayOf(ROOM),
  total: is.anyNumber,
  next: is.orNull(is.anyText),
});

const MEMBER = is.object<admin.AdminMember>({
  id: is.anyText,
  user: is.orNull(is.anyText),
  connections: is.arrayOf(is.orNull(is.anyObject)),
});

export const MEMBERS: is.Shape<admin.AdminMembers> = is.object({
  members: is.arrayOf(MEMBER),
  total: is.anyNumber,
  isComplete: is.flag,
});

const EVENT = is.object<admin.AdminEvent>({
  time: is.anyNumber,
  kind: is.oneOf(
    ...["message", "operation", "stream"] as const,
    ...["event", "broadcast", "publish"] as const,
  ),
  name: is.anyText,
  client: is.orNull(is.anyNumber),
  room: is.orNull(is.anyText),
  size: is.anyNumber,
  duration: is.orNull(is.anyNumber),
  result: is.anyText,
  payload: is.optional(is.anyText),
});

export const EVENTS: is.Shape<admin.AdminEvents> = is.object({
  events: is.arrayOf(EVENT),
  dropped: is.anyNumber,
});

const LOG_LINE = is.object<admin.AdminLogLine>({
  time: is.anyNumber,
  level: LEVELS,
  event: is.anyText,
  message: is.anyText,
  error: is.optional(is.anyText),
});

export const LOG_LINES: is.Shape<admin.AdminLogLines> = is.object({
  lines: is.arrayOf(LOG_LINE),
  dropped: is.anyNumber,
});

const CONTRACT = is.object<ContractDescription>({
  messages: is.objectLike<ContractDescription["messages"]>(),
  events: is.objectLike<ContractDescription["events"]>(),
  operations: is.objectLike<ContractDescription["operations"]>(),
  rooms: is.objectLike<ContractDescription["rooms"]>(),
});

export const CONTRACT_INFO: is.Shape<admin.AdminContractInfo> = is.object({
  contract: is.orNull(CONTRACT),
  messages: is.arrayOf(is.anyText),
  operations: is.arrayOf(is.anyText),
});

export const CLUSTER: is.Shape<admin.AdminCluster> = is.object({
  node: is.anyText,
  state: is.anyText,
  nodes: is.arrayOf(is.anyText),
});

export const BROADCAST_RESULT: is.Shape<admin.AdminBroadcastResult> = is.object(
  {
    delivered: is.anyNumber,
    skipped: is.anyNumber,
    failed: is.anyNumber,
    silentNodes: is.arrayOf(is.anyText),
  },
);

export const REVOKE_RESULT: is.Shape<admin.AdminRevokeResult> = is.object({
  closed: is.anyNumber,
  silentNodes: is.arrayOf(is.anyText),
});
