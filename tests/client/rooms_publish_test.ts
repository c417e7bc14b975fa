/** Messages that a client publishes while it leaves and joins a room again. */

import assert from "node:assert/strict";
import type { Link, LinkRequest } from "../../client/link.ts";
import { Rooms } from "../../client/rooms.ts";
import { PublishError } from "../../common/errors.ts";
import type { RoomAnswer } from "../../protocol/room_message_types.ts";
import { clientLog } from "../support/client_log.ts";
import { rejection } from "../support/errors.ts";
import { startRooms } from "../support/room_server.ts";
import { endOfTick } from "../support/timing.ts";

const JOINED: RoomAnswer = {
  ...{ kind: "joined", id: 0, room: "a", position: null, recovered: null },
  ...{ missed: 0, member: "ada", connection: "c-1", publish: true },
};

const PUBLISHED: RoomAnswer = {
  ...{ kind: "published", id: 0, position: null, duplicate: false },
};

/** Connects a client and joins a room. */
async function joined() {
  const parts = await startRooms();
  const room = parts.connection.room("chat:1");
  const joining = room.join();
  await parts.peer.acceptJoin();
  await joining;
  return { ...parts, room };
}

Deno.test("a message that is published while the client joins again is not given up", async () => {
  await using parts = await joined();
  const { room, peer } = parts;
  const left = room.leave();
  await endOfTick();
  // The client has asked to leave, and wants to be in the room again.
  const joining = room.join();
  const publishing = room.publish("say", { n: 1 });
  await peer.acceptLeave();
  await peer.acceptJoin();
  peer.published(await peer.next("publish"), "e.5");
  assert.equal((await publishing).position, "e.5");
  await Promise.all([left, joining]);
});

Deno.test("a message that waits while the client leaves is not sent", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const joining = room.join();
  const join = await peer.next("join");
  const publishing = rejection(room.publish("say"));
  const leaving = room.leave();
  await endOfTick();
  peer.joined(join);
  await peer.acceptLeave();
  await Promise.all([joining, leaving]);
  const error = await publishing;
  assert(error instanceof PublishError);
  assert.equal(error.outcome, "none");
  await peer.settled(connection);
  assert.deepEqual(peer.actions, ["join", "leave", "operation"]);
});

Deno.test("a message without an answer fails if the connection breaks after the room has ended", async () => {
  await using parts = await joined();
  const { room, peer, connection, server } = parts;
  const publishing = rejection(room.publish("say"));
  await peer.next("publish");
  peer.left("chat:1", "removed");
  await peer.settled(connection);
  peer.close();
  await server.next();
  const error = await publishing;
  assert(error instanceof PublishError);
  assert.equal(error.outcome, "unknown");
});

Deno.test("a room that was left is forgotten when its messages are answered", async () => {
  const rooms = new Rooms({
    ...{ log: clientLog(), contract: undefined, checks: undefined },
    maxBuffered: 1_000,
    onMessage: () => {},
  });
  const answers = new Map<string, () => void>();
  const link = {
    request: ({ name, describe, events }: LinkRequest) =>
      new Promise((resolve) => {
        answers.set(describe(name), () => {
          const isJoin = describe(name).startsWith("the join");
          const answer = isJoin ? JOINED : PUBLISHED;
          events?.onRoomAnswer?.(answer);
          resolve(null);
        });
      }),
  };
  rooms.onOpen(link as unknown as Link);
  const room = rooms.room("a");
  const joining = room.join();
  answers.get('the join of room "a"')!();
  await joining;
  const publishing = room.publish("say");
  const leaving = room.leave();
  await endOfTick();
  answers.get('the leave of room "a"')!();
  await leaving;
  assert.notEqual(rooms.find("a"), undefined);
  answers.get('message "say" to room "a"')!();
  await publishing;
  assert.equal(rooms.find("a"), undefined);
});
