/**
 * The arguments of the operations and the streams of the admin contract.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";

/** Names a client by its id on this server, or by its global id */
export interface AdminClientInput {
  /** The number of the client on this server, or its `globalId` */
  readonly client: number | string;
}

/** Which client to disconnect */
export interface AdminDisconnectInput extends AdminClientInput {
  /**
   * The close code: 1000, or 3000 to 4999
   *
   * @default {1000}
   */
  readonly code?: number;
  /**
   * The reason, at most 123 bytes
   *
   * @default {""}
   */
  readonly reason?: string;
}

/** An event to one client */
export interface AdminMessageInput extends AdminClientInput {
  /** The name of the event */
  readonly name: string;
  /**
   * The data
   *
   * @default {{}}
   */
  readonly data?: JsonObject;
}

/** An event to all clients */
export interface AdminBroadcastInput {
  /** The name of the event */
  readonly name: string;
  /**
   * The data
   *
   * @default {{}}
   */
  readonly data?: JsonObject;
}

/** Which token to revoke */
export interface AdminRevokeInput {
  /** The name of the token */
  readonly name: string;
}

/** Which rooms to return */
export interface AdminRoomsInput {
  /** The beginning of the names; all rooms if omitted */
  readonly prefix?: string;
  /** Only names after this one: `next` of the last result */
  readonly after?: string;
  /**
   * The maximum number of rooms, from 1 to 1,000
   *
   * @default {100}
   */
  readonly limit?: number;
}

/** Which members to return */
export interface AdminMembersInput {
  /** The name of the room */
  readonly room: string;
  /**
   * The maximum number of members, from 1 to 1,000
   *
   * @default {100}
   */
  readonly limit?: number;
}

/** How often the stream of numbers has an item, and what it contains */
export interface AdminStatsInput {
  /**
   * Whether the items contain all metrics
   *
   * @default {true}
   */
  readonly metrics?: boolean;
  /**
   * The time between two items, in milliseconds from 100 to 3,600,000
   *
   * @default {1_000}
   */
  readonly interval?: number;
}

/** How often the stream of clients has an item */
export interface AdminClientsInput {
  /**
   * How long changes are collected, in milliseconds from 100 to 60,000
   *
   * @default {1_000}
   */
  readonly interval?: number;
}

/** Which events to return */
export interface AdminEventsInput {
  /**
   * The part of the events that is returned, from 0 to 1
   *
   * @default {1}
   */
  readonly sample?: number;
  /** Only events with these names, at most 100; all names if omitted */
  readonly names?: readonly string[];
  /** Only events of the client with this id on this server; all clients if omitted */
  readonly client?: number;
}

/** Which lines of the log to return */
export interface AdminLogInput {
  /**
   * The minimum level. The server has no lines below its own `logLevel`, and shows those of the
   * level `debug` only with the option `adminPayloads`.
   *
   * @default {"info"}
   */
  readonly level?: "debug" | "info" | "warn" | "error";
}
