/** Messages that a client publishes while it leaves and joins a room again. */

import assert from "node:assert/strict";
import { PublishError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { fakeRooms, JOINED, PUBLISHED } from "../support/fake_rooms.ts";
import { startRooms } from "../support/room_server.ts";
import { endOfTick } from "../support/timing.ts";

/** Connects a client and joins a room. */
async function joined() {
  const parts = await startRooms();
  const room = parts.connection.room("chat:1");
  await parts.peer.admit(room.join());
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
  const { rooms, requests } = fakeRooms();
  const room = rooms.room("a");
  const joining = room.join();
  requests[0]!.answer(JOINED);
  await joining;
  const publishing = room.publish("say");
  const leaving = room.leave();
  await endOfTick();
  assert.deepEqual(requests.map(({ name }) => name), [
    'the join of room "a"',
    'message "say" to room "a"',
    'the leave of room "a"',
  ]);
  requests[2]!.answer();
  await leaving;
  assert.notEqual(rooms.find("a"), undefined);
  requests[1]!.answer(PUBLISHED);
  await publishing;
  assert.equal(rooms.find("a"), undefined);
});
