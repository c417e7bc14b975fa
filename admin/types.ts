/**
 * The data of the admin contract: what an admin sees of a server.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import type { ContractDescription } from "../contract/contract.ts";
import type { MetricsSnapshot } from "../server/metrics.ts";

/** The connection of a server to the other servers of the deployment */
export interface AdminBroker {
  /** `starting`, `up`, `down` or `refused` */
  readonly state: string;
  /** Whether the server accepts clients */
  readonly isReady: boolean;
  /** Whether the server is unhealthy while the broker is down */
  readonly isRequired: boolean;
}

/** The health of a server */
export interface AdminHealth {
  /**
   * `starting` until the broker is connected, `closing` while the server shuts down, and
   * `failing` if an orchestrator must restart the server
   */
  readonly status: "ok" | "starting" | "closing" | "failing";
  /** The id of the server, which is new at each start */
  readonly node: string;
  /** The version of Hoist */
  readonly version: string;
  /** How long the server has run, in milliseconds */
  readonly uptime: number;
  /** The number of upgrades whose file descriptors are lost */
  readonly lostUpgrades: number;
  /** The connection to the other servers; `null` if the server has no broker */
  readonly broker: AdminBroker | null;
}

/** The memory of the process of a server, in bytes */
export interface AdminMemory {
  /** The resident memory of the process */
  readonly rss: number;
  /** The memory of the objects of JavaScript */
  readonly heapUsed: number;
  /** The memory that JavaScript has reserved */
  readonly heapTotal: number;
  /** The memory outside of the heap that objects of JavaScript hold */
  readonly external: number;
}

/** The state of a server at one time */
export interface AdminStats {
  /** The time, in milliseconds since 1970 */
  readonly time: number;
  /** The id of the server */
  readonly node: string;
  /** The version of Hoist */
  readonly version: string;
  /** How long the server has run, in milliseconds */
  readonly uptime: number;
  /** The memory of the process */
  readonly memory: AdminMemory;
  /** The number of clients that are logged in */
  readonly clients: number;
  /** The number of sockets, including those of clients that are not logged in */
  readonly connections: number;
  /** The number of rooms that have members on this server */
  readonly rooms: number;
  /** The number of requests of all clients in progress, including streams */
  readonly pending: number;
  /** The bytes that wait to be sent to all clients */
  readonly buffered: number;
  /** The number of upgrades whose file descriptors are lost */
  readonly lostUpgrades: number;
  /** The number of other servers of the deployment */
  readonly nodes: number;
  /** The connection to the other servers; `null` if the server has no broker */
  readonly broker: AdminBroker | null;
  /** All metrics, as `GET /hoist/metrics` returns them; missing if they were not asked for */
  readonly metrics?: MetricsSnapshot;
}

/** A client of a server, as an admin sees it */
export interface AdminClient {
  /** The number of the client on its server */
  readonly id: number;
  /** The id of the client in the whole deployment */
  readonly globalId: string;
  /** The address of the client */
  readonly address: string;
  /** The version that the client has reported; any string of up to 100 characters */
  readonly version: string;
  /** The name of the token, or the `name` of the identity; `null` if there is none */
  readonly name: string | null;
  /** The user that the login has named; `null` if it has named none */
  readonly user: string | null;
  /** Whether the client is an admin */
  readonly isAdmin: boolean;
  /** Whether this is the client that asks */
  readonly isSelf: boolean;
  /** When the client has connected, in milliseconds since 1970 */
  readonly connectedAt: number;
  /** The number of rooms that the client is in */
  readonly rooms: number;
  /** The number of its requests in progress, including streams */
  readonly pending: number;
  /** The bytes that wait to be sent to the client */
  readonly buffered: number;
}

/** A client in detail */
export interface AdminClientDetail extends AdminClient {
  /** The extensions of the protocol that the client uses */
  readonly features: readonly string[];
  /** The names of its rooms, at most 100 */
  readonly roomNames: readonly string[];
  /** The number of its streams in progress */
  readonly streams: number;
  /** When its login expires, in milliseconds since 1970; `null` for never */
  readonly expires: number | null;
}

/**
 * An item of the stream of clients. The first items contain the clients that are connected.
 * Each item contains at most 100 entries, and several changes of one client are one entry.
 */
export interface AdminClientsChange {
  /** The clients that are new to the reader */
  readonly joined: readonly AdminClient[];
  /** The clients that have changed, for example their number of rooms */
  readonly changed: readonly AdminClient[];
  /** The ids of the clients that have left */
  readonly left: readonly number[];
  /** The number of clients of the server */
  readonly count: number;
  /** Whether the reader has got all clients */
  readonly isComplete: boolean;
}

/** A room that has members on this server */
export interface AdminRoom {
  /** The name of the room */
  readonly name: string;
  /** The pattern that defines the room */
  readonly pattern: string;
  /** The number of clients of this server in the room */
  readonly clients: number;
  /** The number of members on all servers, as far as this server knows */
  readonly members: number;
}

/** A part of the rooms, by name */
export interface AdminRooms {
  /** The rooms */
  readonly rooms: readonly AdminRoom[];
  /** The number of rooms that match, on this server */
  readonly total: number;
  /** Pass this as `after` to get the next rooms; `null` if there are no more */
  readonly next: string | null;
}

/** A member of a room: a user, or a connection without a user */
export interface AdminMember {
  /** The public id of the member */
  readonly id: string;
  /** The user; `null` for a connection without a user */
  readonly user: string | null;
  /** What the server shows about each of its connections; `null` for nothing */
  readonly connections: readonly (JsonObject | null)[];
}

/** The members of a room on all servers */
export interface AdminMembers {
  /** The members, or the first ones of them */
  readonly members: readonly AdminMember[];
  /** The number of members */
  readonly total: number;
  /** Whether `members` contains all members */
  readonly isComplete: boolean;
}

/** Something that a server has received, handled or sent */
export interface AdminEvent {
  /** The time, in milliseconds since 1970 */
  readonly time: number;
  /**
   * - `message`, `operation` or `stream`: a request of a client, which has ended
   * - `event`: an event, a request or a reply of the server to one client
   * - `broadcast`: an event to all clients, or to all clients of a user
   * - `publish`: a message to a room
   */
  readonly kind:
    | "message"
    | "operation"
    | "stream"
    | "event"
    | "broadcast"
    | "publish";
  /** The name of the message, the operation or the event */
  readonly name: string;
  /** The id of the client on this server; `null` if there is none */
  readonly client: number | null;
  /** The room; `null` if there is none */
  readonly room: string | null;
  /** The length of its data as JSON, in UTF-16 units */
  readonly size: number;
  /** How long the request took, in milliseconds; `null` for what the server sends */
  readonly duration: number | null;
  /**
   * `ok`, or the name of the error code that the client gets, such as `FORBIDDEN`. For a message
   * to a room: `ok`, `duplicate` or `failed`
   */
  readonly result: string;
  /** The start of the data as JSON, without tokens; only with the option `adminPayloads` */
  readonly payload?: string;
}

/** An item of the stream of events */
export interface AdminEvents {
  /** The events, the oldest first */
  readonly events: readonly AdminEvent[];
  /** How many events matched, but were dropped because the reader was too slow */
  readonly dropped: number;
}

/** A line of the log */
export interface AdminLogLine {
  /** The time, in milliseconds since 1970 */
  readonly time: number;
  /** The level */
  readonly level: "debug" | "info" | "warn" | "error";
  /** A word such as `startup` */
  readonly event: string;
  /** What happened */
  readonly message: string;
  /** An exception with its stack; missing if there is none */
  readonly error?: string;
}

/** An item of the stream of the log */
export interface AdminLogLines {
  /** The lines, the oldest first */
  readonly lines: readonly AdminLogLine[];
  /** How many lines were dropped because the reader was too slow */
  readonly dropped: number;
}

/** The contract of the application, and the names that have handlers */
export interface AdminContractInfo {
  /** The contract; `null` if the server has none */
  readonly contract: ContractDescription | null;
  /** The names of the messages that have listeners */
  readonly messages: readonly string[];
  /** The names of the operations that have handlers */
  readonly operations: readonly string[];
}

/** The limits of a server; `null` for no limit */
export type AdminLimits = Readonly<Record<string, number | null>>;

/** The servers of the deployment */
export interface AdminCluster {
  /** The id of this server */
  readonly node: string;
  /** `alone`, `starting`, `up`, `down` or `refused` */
  readonly state: string;
  /** The ids of the other servers */
  readonly nodes: readonly string[];
}

/** What has become of a broadcast of an admin */
export interface AdminBroadcastResult {
  /** The clients whose socket accepted the event */
  readonly delivered: number;
  /** The clients that missed the event because they read too slowly */
  readonly skipped: number;
  /** The clients that have disconnected, or whose socket has failed */
  readonly failed: number;
  /** The ids of the servers that have not answered */
  readonly silentNodes: readonly string[];
}

/** What has become of a token that an admin has revoked */
export interface AdminRevokeResult {
  /** The number of connections that were closed */
  readonly closed: number;
  /** The ids of the servers that have not answered */
  readonly silentNodes: readonly string[];
}
