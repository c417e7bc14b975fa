/** The rooms of a client over a link whose answers a test decides. */

import type { Link, LinkRequest } from "../../client/link.ts";
import { Rooms } from "../../client/rooms.ts";
import type { RoomAnswer } from "../../protocol/success_frames.ts";
import { clientLog } from "./client_log.ts";

/** The answer to the join of room "a" */
export const JOINED: RoomAnswer = {
  ...{ kind: "joined", id: 0, room: "a", position: null, recovered: null },
  ...{ missed: 0, member: "ada", connection: "c-1", publish: true },
};

/** The answer to a publication */
export const PUBLISHED: RoomAnswer = {
  ...{ kind: "published", id: 0, position: null, duplicate: false },
};

/** Creates the rooms of a client, and opens the link. */
export function fakeRooms() {
  const rooms = new Rooms({
    ...{ log: clientLog(), contract: undefined, checks: undefined },
    status: { isClosedHere: false },
    maxBuffered: 1_000,
    onMessage: () => {},
  });
  const requests: { name: string; answer(frame?: RoomAnswer): void }[] = [];
  const link = {
    request: ({ name, describe, events }: LinkRequest) =>
      new Promise((resolve) => {
        const answer = (frame?: RoomAnswer) => {
          if (frame !== undefined) events?.onRoomAnswer?.(frame);
          resolve(null);
        };
        requests.push({ name: describe(name), answer });
      }),
  };
  rooms.onOpen(link as unknown as Link);
  return { rooms, requests };
}
