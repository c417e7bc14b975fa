/** Leaves that the server refuses, against a server whose frames the tests write. */

import assert from "node:assert/strict";
import { errorFrame } from "../support/fake_server.ts";
import { type ServedClient, startRooms } from "../support/room_server.ts";

/** Starts a client that is in a room. */
async function startInRoom() {
  const parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  await peer.admit(room.join({ last: 1 }));
  return { ...parts, room };
}

/** Refuses a leave, because the client has sent too many requests. */
async function limitLeave(peer: ServedClient): Promise<void> {
  const { id } = await peer.next("leave");
  peer.send(errorFrame(id, 9, { limit: "maxRate", value: 1 }));
}

Deno.test("a leave is repeated later if the rate is limited", async () => {
  await using parts = await startInRoom();
  const { connection, room, peer } = parts;
  let hasLeft = false;
  const leaving = room.leave().then(() => hasLeft = true);
  await limitLeave(peer);
  await peer.settled(connection);
  assert.equal(hasLeft, false);
  await peer.acceptLeave();
  await leaving;
});

Deno.test("a join replaces a leave that is repeated later", async () => {
  await using parts = await startInRoom();
  const { connection, room, peer } = parts;
  const leaving = room.leave();
  await limitLeave(peer);
  await peer.settled(connection);
  const { data } = await peer.admit(room.join({ last: 2 }), { missed: 2 });
  assert.equal(data.last, 2);
  await leaving;
  await peer.settled(connection);
  assert.deepEqual(peer.actions.filter((action) => action === "leave"), [
    "leave",
  ]);
});

Deno.test("a leave that is repeated later ends with the connection", async () => {
  await using parts = await startInRoom();
  const { connection, server, room, peer } = parts;
  const leaving = room.leave();
  await limitLeave(peer);
  await peer.settled(connection);
  peer.close();
  await leaving;
  await (await server.next()).settled(connection);
});

Deno.test("the messages of a room that the client cannot leave reach the connection", async () => {
  await using parts = await startInRoom();
  const { connection, room, peer } = parts;
  const seen: unknown[] = [];
  connection.receive(({ name, room }) => void seen.push([name, room]));
  const leaving = room.leave();
  peer.send(errorFrame((await peer.next("leave")).id, 10));
  await leaving;
  peer.message("chat:1", "e.2");
  await peer.settled(connection);
  assert.deepEqual(seen, [["say", "chat:1"]]);
});
