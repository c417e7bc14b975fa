/** The members of a room after a gap, against a server whose frames the tests write. */

import assert from "node:assert/strict";
import { errorFrame, successFrame } from "../support/fake_server.ts";
import { startRooms } from "../support/room_server.ts";
import { endOfTick } from "../support/timing.ts";

Deno.test("asks for all members after a gap because it was slow, and not after others", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("a");
  const entry = (id: string) => ({ member: id, connection: id });
  const changes: unknown[] = [];
  room.onMembers(({ joined, left }) => {
    changes.push([joined.map(({ id }) => id), left.map(({ id }) => id)]);
  });
  const joining = room.join();
  const list = [entry("ada"), entry("bob")];
  await peer.acceptJoin({ members: { list, count: 2, complete: true } });
  await joining;
  peer.gap("a", "e.5", "epoch");
  await peer.settled(connection);
  assert.equal(room.isComplete, true);
  peer.gap("a", "e.9");
  const request = await peer.next("members");
  assert.deepEqual(request.data, { room: "a" });
  assert.equal(room.isComplete, false);
  peer.send(successFrame(request.id, "members", {
    ...{ list: [entry("ada"), entry("eve")], count: 2, complete: true },
  }));
  await peer.settled(connection);
  assert.equal(room.isComplete, true);
  assert.deepEqual([...room.members.keys()], ["ada", "eve"]);
  assert.deepEqual(changes, [[["ada", "bob"], []], [["eve"], ["bob"]]]);
  peer.gap("a", "e.9");
  peer.send(errorFrame((await peer.next("members")).id, 9));
  await peer.settled(connection);
  assert.equal(room.isComplete, false);
});

Deno.test("asks for the members once, and once more if further gaps arrive before the answer", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("a");
  await peer.admit(room.join());
  const accept = async (id: string) => {
    const request = await peer.next("members");
    const list = [{ member: id, connection: id }];
    const members = { list, count: 1, complete: true };
    peer.send(successFrame(request.id, "members", members));
    await peer.settled(connection);
  };
  for (let gaps = 0; gaps < 100; gaps++) peer.gap("a", "e.9");
  await accept("ada");
  assert.deepEqual([[...room.members.keys()], room.isComplete], [
    ["ada"],
    false,
  ]);
  await accept("eve");
  assert.deepEqual([[...room.members.keys()], room.isComplete], [
    ["eve"],
    true,
  ]);
  const requests = peer.actions.filter((action) => action === "members");
  assert.equal(requests.length, 2);
});

Deno.test("asks for no members after a gap if it has joined without them", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("a");
  await peer.admit(room.join({ members: false }));
  peer.gap("a", "e.9");
  // The first operation can be on its way before the gap arrives.
  await peer.settled(connection);
  await peer.settled(connection);
  assert.equal(peer.actions.includes("members"), false);
});

Deno.test("reports that members left whom an incomplete list does not contain", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("a");
  const counts: number[] = [];
  room.onMembers(({ left }) => void counts.push(left.length, room.count));
  const joining = room.join();
  const list = [{ member: "ada", connection: "ada" }];
  await peer.acceptJoin({ members: { list, count: 3, complete: false } });
  await joining;
  for (const leave of ["bob", "bob"]) {
    const data = { room: "a", join: [], leave: [leave], count: 2 };
    peer.send(successFrame(null, "presence", data));
  }
  await peer.settled(connection);
  assert.deepEqual(counts, [0, 3, 0, 2]);
});

Deno.test("a caller that has left is not told about the members", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("a");
  let calls = 0;
  room.onMembers(() => void calls++);
  const joining = room.join();
  const join = await peer.next("join");
  const leaving = room.leave();
  await endOfTick();
  const list = [{ member: "ada", connection: "ada" }];
  peer.joined(join, { members: { list, count: 1, complete: true } });
  await peer.acceptLeave();
  await Promise.all([joining, leaving]);
  assert.equal(calls, 0);
});
