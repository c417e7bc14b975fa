/**
 * What the admin contract needs of a server, and what it shows of it.
 *
 * @module
 */

import { ConnectedClient } from "../server/connected_client.ts";
import { nameOf } from "../server/connection_log.ts";
import type { BroadcastOptions } from "../server/method_options.ts";
import type { BroadcastResult } from "../server/broadcaster.ts";
import type { ClientDirectory } from "../server/client_directory.ts";
import type { ServerContext } from "../server/context.ts";
import { type BrokerHealth, statusOf } from "../server/http.ts";
import type { LiveRoom } from "../server/live_room.ts";
import type { Member } from "../server/member.ts";
import type { Client } from "../server/message.ts";
import type { ServerCluster } from "../server/server_cluster.ts";
import type { TokenControl } from "../server/token_control.ts";
import { byteLength } from "../common/text.ts";
import type { JsonObject } from "../common/json.ts";
import { VERSION } from "../version.ts";
import type { AdminMembersInput, AdminRoomsInput } from "./inputs.ts";
import type {
  AdminClient,
  AdminClientDetail,
  AdminContractInfo,
  AdminHealth,
  AdminLimits,
  AdminMember,
  AdminMembers,
  AdminMemory,
  AdminRooms,
  AdminStats,
} from "./types.ts";

/** The rooms of a server. */
interface HostRooms {
  readonly live: Iterable<LiveRoom>;
  readonly size: number;
  find(name: string): unknown;
  fetchMembers(name: string): Promise<readonly Member[]>;
}

/** The part of a server that the admin contract uses. */
export interface AdminHost {
  readonly context: ServerContext;
  readonly clients: ReadonlySet<Client>;
  readonly directory: Pick<ClientDirectory, "find" | "close" | "message">;
  readonly tokens: Pick<TokenControl, "revoke">;
  readonly cluster: Pick<ServerCluster, "id" | "state" | "nodes">;
  readonly rooms: { readonly rooms: HostRooms };
  readonly lostUpgrades: number;
  readonly isClosing: boolean;
  readonly isFailing: boolean;
  readonly broker: BrokerHealth | undefined;
  /** Sends an event to all clients. */
  broadcast(
    name: string,
    data: JsonObject,
    options: BroadcastOptions,
  ): Promise<BroadcastResult>;
}

/** How many rooms of one client are shown. */
const MAX_ROOM_NAMES = 100;

/** How many rooms or members are returned by default. */
const DEFAULT_LIMIT = 100;

/** Shows the state of a server to its admins. */
export class AdminView {
  readonly #host: AdminHost;
  readonly #memory: () => AdminMemory;
  readonly #startedAt = performance.now();

  /**
   * Constructs an `AdminView`.
   *
   * @param host The server
   * @param memory Returns the memory of the process
   */
  constructor(host: AdminHost, memory: () => AdminMemory) {
    this.#host = host;
    this.#memory = memory;
  }

  /** Returns the health of the server. */
  health(): AdminHealth {
    return { status: statusOf(this.#host), ...this.#identity() };
  }

  /**
   * Returns the numbers of the server.
   *
   * @param hasMetrics Whether they include all metrics
   */
  stats(hasMetrics = true): AdminStats {
    const { clients, cluster, context, rooms } = this.#host;
    const { metrics, connections } = context;
    let buffered = 0;
    for (const each of connections.keys()) buffered += each.bufferedBytes;
    const { rss, heapUsed, heapTotal, external } = this.#memory();
    return {
      time: Date.now(),
      ...this.#identity(),
      memory: { rss, heapUsed, heapTotal, external },
      clients: clients.size,
      connections: connections.size,
      rooms: rooms.rooms.size,
      pending: metrics.requestsInProgress,
      buffered,
      nodes: cluster.nodes.size,
      ...hasMetrics ? { metrics: metrics.snapshot() } : {},
    };
  }

  #identity(): Omit<AdminHealth, "status"> {
    const { broker, cluster, lostUpgrades } = this.#host;
    return {
      node: cluster.id,
      version: VERSION,
      uptime: Math.round(performance.now() - this.#startedAt),
      lostUpgrades,
      broker: broker ?? null,
    };
  }

  /** Returns the limits. */
  limits(): AdminLimits {
    const limits = Object.entries(this.#host.context.limits);
    return Object.fromEntries(
      limits.map(([name, value]) => [name, value === Infinity ? null : value]),
    );
  }

  /** Returns the contract, and what has handlers. */
  contract(): AdminContractInfo {
    const { contract, registry } = this.#host.context;
    return {
      contract: contract?.describe() ?? null,
      messages: registry.listeners.names,
      operations: registry.operations.names,
    };
  }

  /**
   * Returns what an admin sees of a client; `undefined` if it has disconnected.
   *
   * @param client The client
   * @param reader The admin
   */
  client(client: Client, reader: Client): AdminClient | undefined {
    const state = ConnectedClient.stateOf(client);
    const transport = ConnectedClient.transportOf(client);
    if (state === undefined || transport === undefined) return undefined;
    if (transport.closed !== undefined) return undefined;
    const { id, globalId, address, version, user = null } = client;
    return {
      ...{ id, globalId, address, version, user },
      name: nameOf(client.identity) || null,
      isAdmin: this.#host.context.admin?.knows(client) === true,
      isSelf: client === reader,
      connectedAt: state.connectedAt,
      rooms: client.rooms.length,
      pending: state.requests?.pending ?? 0,
      buffered: transport.bufferedBytes,
    };
  }

  /** Returns a client in detail; `null` if it has disconnected. */
  detail(client: Client | undefined, reader: Client): AdminClientDetail | null {
    const shown = client && this.client(client, reader);
    if (client === undefined || shown === undefined) return null;
    const state = ConnectedClient.stateOf(client)!;
    return {
      ...shown,
      features: [...ConnectedClient.transportOf(client)!.features],
      roomNames: client.rooms.slice(0, MAX_ROOM_NAMES),
      streams: state.requests?.streams ?? 0,
      expires: state.authenticated?.expires ?? null,
    };
  }

  /** Returns a part of the rooms that have members on this server. */
  rooms(
    { prefix = "", after, limit = DEFAULT_LIMIT }: AdminRoomsInput,
  ): AdminRooms {
    const firsts = new FirstRooms(limit + 1);
    let total = 0;
    for (const room of this.#host.rooms.rooms.live) {
      const { name } = room.info;
      if (!name.startsWith(prefix)) continue;
      total++;
      if (after === undefined || name > after) firsts.add(room);
    }
    const found = firsts.take();
    const rooms = found.slice(0, limit).map((room) => ({
      name: room.info.name,
      pattern: room.definition.pattern.source,
      clients: room.broadcaster.size,
      members: room.presence.count,
    }));
    const next = found.length > limit ? rooms.at(-1)!.name : null;
    return { rooms, total, next };
  }

  /** Returns the members of a room on all servers; `undefined` if there is no such room. */
  async members(
    { room, limit = DEFAULT_LIMIT }: AdminMembersInput,
  ): Promise<AdminMembers | undefined> {
    const { rooms } = this.#host.rooms;
    if (rooms.find(room) === undefined) return undefined;
    const all = await rooms.fetchMembers(room);
    const members = this.#fitting(all.slice(0, limit));
    const isComplete = members.length === all.length;
    return { members, total: all.length, isComplete };
  }

  /** Returns the members that fit into half of the send buffer of a client. */
  #fitting(members: readonly Member[]): readonly AdminMember[] {
    let space = this.#host.context.limits.maxBuffered / 2;
    const shown: AdminMember[] = [];
    for (const { id, user = null, connections } of members) {
      const each = connections.map((presence) => presence ?? null);
      const member = { id, user, connections: each };
      space -= byteLength(JSON.stringify(member)) + 1;
      if (space < 0) break;
      shown.push(member);
    }
    return shown;
  }
}

/** Finds the first of many rooms in the order of their names, without sorting all of them. */
class FirstRooms {
  readonly #count: number;
  readonly #rooms: LiveRoom[] = [];
  /** The name of the last room that was kept when others were dropped */
  #last: string | undefined;

  /**
   * Constructs `FirstRooms`.
   *
   * @param count How many rooms are wanted
   */
  constructor(count: number) {
    this.#count = count;
  }

  /** Adds a room. Dropping rooms rarely makes it cheap. */
  add(room: LiveRoom): void {
    if (this.#last !== undefined && room.info.name > this.#last) return;
    this.#rooms.push(room);
    if (this.#rooms.length < 4 * this.#count) return;
    this.take();
    this.#last = this.#rooms.at(-1)!.info.name;
  }

  /** Returns the first rooms in order. */
  take(): readonly LiveRoom[] {
    this.#rooms.sort((a, b) => a.info.name < b.info.name ? -1 : 1);
    this.#rooms.length = Math.min(this.#rooms.length, this.#count);
    return this.#rooms;
  }
}
