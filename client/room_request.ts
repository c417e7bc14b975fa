/**
 * Sends the requests of a client about a room.
 *
 * @module
 */

import { describeRoom } from "../common/text.ts";
import type { RequestEncoder } from "../protocol/encode.ts";
import { encodeMembersRequest } from "../protocol/encode_room_frames.ts";
import type { MemberList } from "../protocol/room_message_types.ts";
import type { Link, RequestEvents } from "./link.ts";

/** Describes a join, for errors. */
export function describeJoin(room: string): string {
  return describe("join", room);
}

function describe(what: string, room: string): string {
  return `the ${what} of ${describeRoom(room)}`;
}

/**
 * Sends a request about a room.
 *
 * @param link Where to send it
 * @param name The name of the room
 * @param what What the client asks for, such as `join`
 * @param encode Encodes the request
 * @param events What the answer calls
 */
export function sendRoomRequest(
  link: Link,
  name: string,
  what: string,
  encode: RequestEncoder,
  events: RequestEvents = {},
): Promise<unknown> {
  const request = {
    name,
    describe: () => describe(what, name),
    encode,
    events,
  };
  // The number of rooms and of their requests in progress is limited.
  return link.request({ ...request, needs: "rooms", hasWaited: true });
}

/**
 * Asks for the members of a room. If the server refuses, nothing happens.
 *
 * @param link Where to send it
 * @param name The name of the room
 * @param onList Called with the members
 */
export function askMembers(
  link: Link,
  name: string,
  onList: (list: MemberList) => void,
): void {
  const onRoomAnswer: RequestEvents["onRoomAnswer"] = (frame) => {
    if (frame.kind === "members") onList(frame);
  };
  const encode = encodeMembersRequest(name);
  sendRoomRequest(link, name, "members", encode, { onRoomAnswer })
    .catch(() => {});
}
