/**
 * The messages of rooms, as a client receives them.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import type { Contract } from "../contract/contract.ts";
import type {
  RoomEventName,
  RoomReceivedData,
} from "../contract/infer_rooms.ts";
import { Message, type WireMessage } from "../protocol/message.ts";

/** Where a message of a room comes from */
export interface RoomMessageSource {
  /** The name of the room */
  readonly room: string;
  /** The public id of the member that sent the message; `null` if the server sent it */
  readonly from: string | null;
  /** The position of the message in the history; `null` if the room keeps no history */
  readonly position: string | null;
}

/** An event of a room of a contract, as a client receives it */
export type ReceivedRoomEvent<
  Of extends Contract,
  Name,
  Event extends string,
> = Event extends unknown
  ? RoomMessage<RoomReceivedData<Of, Name, Event>, Event>
  : never;

/** Every event of a room of a contract, as a client receives it */
export type AnyRoomEvent<Of extends Contract, Name> = ReceivedRoomEvent<
  Of,
  Name,
  RoomEventName<Of, Name>
>;

/** A message of a room, which a member or the server has sent to all members. */
export class RoomMessage<Data = JsonObject, Name extends string = string>
  extends Message<Data, Name> {
  /** The name of the room */
  readonly room: string;
  /**
   * The public id of the member that sent the message, or `null` if the server sent it. The
   * server sets it, so that no client can send as another.
   */
  readonly from: string | null;
  /**
   * The position of the message in the history of the room, or `null` if the room keeps no
   * history. An application that stores it can continue from there, see `JoinOptions`.
   */
  readonly position: string | null;

  /**
   * Constructs a `RoomMessage`. Applications receive messages from a room.
   *
   * @param wire The message object: docs/reference/protocol.md, "2. A message"
   * @param source Where the message comes from
   */
  constructor(wire: WireMessage, { room, from, position }: RoomMessageSource) {
    super(wire);
    this.room = room;
    this.from = from;
    this.position = position;
  }
}
