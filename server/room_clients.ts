/**
 * The clients of one server that use rooms.
 *
 * @module
 */

import type { CloseInfo } from "../protocol/close.ts";
import type { RoomRequest } from "../protocol/room_frames.ts";
import { ConnectedClient } from "./connected_client.ts";
import type { ConnectionRooms, RoomTransport } from "./connection_rooms.ts";
import type { Client } from "./message.ts";
import { RoomClient } from "./room_client.ts";
import { type AnswerRules, RoomRequests } from "./room_requests.ts";
import type { Rooms } from "./rooms.ts";
import type { FairScheduler } from "./scheduler.ts";

/** The clients of one server that use rooms. The others need no memory. */
export class RoomClients implements ConnectionRooms {
  readonly rooms: Rooms;
  readonly #requests: RoomRequests;
  readonly #scheduler: FairScheduler;
  readonly #clients = new Map<RoomTransport, RoomClient>();
  /** The clients that the application knows, also those that have left */
  readonly #known = new WeakMap<Client, RoomClient>();

  /**
   * Constructs `RoomClients`.
   *
   * @param rooms The rooms of the server
   * @param scheduler Shares the event loop between the recoveries of all clients
   * @param rules What the answers to failed requests depend on
   */
  constructor(rooms: Rooms, scheduler: FairScheduler, rules: AnswerRules) {
    this.rooms = rooms;
    this.#scheduler = scheduler;
    this.#requests = new RoomRequests(rooms, rules);
  }

  answer(
    client: Client,
    transport: RoomTransport,
    request: RoomRequest,
  ): Promise<void> {
    return this.#requests.run(this.#of(client, transport), request);
  }

  recognize(client: Client, transport: RoomTransport, secret: string): void {
    this.#of(client, transport, secret);
  }

  namesOf(transport: RoomTransport): readonly string[] {
    return this.#clients.get(transport)?.names ?? [];
  }

  async put(
    client: Client,
    transport: RoomTransport,
    name: string,
  ): Promise<void> {
    const room = this.rooms.get(name);
    if (transport.closed !== undefined) return;
    await this.#of(client, transport).put(room);
  }

  putOut(transport: RoomTransport, name: string): void {
    this.#clients.get(transport)?.putOut(name);
  }

  onUser(transport: RoomTransport, user: string | undefined): void {
    const client = this.#clients.get(transport);
    if (client?.identity.user !== user) client?.onUserChanged();
  }

  onClosed(transport: RoomTransport, info: CloseInfo): void {
    this.#clients.get(transport)?.close(info);
    this.#clients.delete(transport);
  }

  /**
   * Returns the public id of the connection of a client, which has one from now on. It is
   * `null` if the client has left without having used rooms.
   */
  connectionOf(client: Client): string | null {
    const known = this.#known.get(client);
    if (known !== undefined) return known.identity.connection;
    const transport = ConnectedClient.transportOf(client);
    if (transport === undefined || transport.closed !== undefined) return null;
    return this.#of(client, transport).identity.connection;
  }

  #of(client: Client, transport: RoomTransport, secret?: string): RoomClient {
    const known = this.#clients.get(transport);
    if (known !== undefined) return known;
    const scheduler = this.#scheduler;
    const parts = { client, transport, scheduler, secret };
    const created = new RoomClient(this.rooms, parts);
    this.#clients.set(transport, created);
    this.#known.set(client, created);
    return created;
  }
}
