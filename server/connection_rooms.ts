/**
 * What the connections of a server need of its rooms.
 *
 * @module
 */

import type { CloseInfo } from "../protocol/close.ts";
import type { Feature } from "../protocol/features.ts";
import type { RoomRequest } from "../protocol/room_frames.ts";
import type { BroadcastBatch, Delivery } from "./broadcaster.ts";
import type { ConnectionLog } from "./connection_log.ts";
import type { Client } from "./message.ts";

/** The part of a `Transport` that rooms use. */
export interface RoomTransport {
  /** The log of the connection */
  readonly log: ConnectionLog;
  /** The extensions that both sides support */
  readonly features: ReadonlySet<Feature>;
  /** How the connection ended; `undefined` while it is open */
  readonly closed: CloseInfo | undefined;
  /** The rooms of the client; `undefined` if it was in none */
  rooms: { catchUp(): void } | undefined;
  /** Whether a missed message of a length can be sent now, in UTF-16 units */
  hasCapacity(units: number): boolean;
  /** Whether more than half of the buffer would be in use with frames of a length. */
  isSlow(units: number): boolean;
  /** Resolves after a short time in which the client can read. */
  drained(): Promise<void>;
  /** Sends a frame. */
  send(frame: string): void;
  /** Sends a batch of messages, as far as the client can read them. */
  deliver(batch: BroadcastBatch): Delivery;
  /** Closes the connection. */
  close(code: number, reason: string): void;
}

/** The rooms of a server, for its connections. */
export interface ConnectionRooms {
  /**
   * Answers a request of a client; resolves when it is answered, and never rejects.
   *
   * @param client The client
   * @param transport Its connection
   * @param request The request
   */
  answer(
    client: Client,
    transport: RoomTransport,
    request: RoomRequest,
  ): Promise<void>;
  /** Recognizes a client by the secret that it has returned with its login. */
  recognize(client: Client, transport: RoomTransport, secret: string): void;
  /** Returns the names of the rooms that a client is in. */
  namesOf(transport: RoomTransport): readonly string[];
  /**
   * Puts a client into a room.
   *
   * @throws {HoistError} If no definition matches the room
   * @throws {TypeError} If the name is invalid
   * @throws {RangeError} If the name is empty or too long
   */
  put(client: Client, transport: RoomTransport, name: string): Promise<void>;
  /** Puts a client out of a room; does nothing if it is not there. */
  putOut(transport: RoomTransport, name: string): void;
  /**
   * Called when a client has renewed its login. If the user is another one, the connection
   * ends, because a member keeps its user.
   */
  onUser(transport: RoomTransport, user: string | undefined): void;
  /** Called when a connection has ended. */
  onClosed(transport: RoomTransport, info: CloseInfo): void;
}
