/** Frames about a room that arrive in the turn in which the application leaves and joins it. */

import assert from "node:assert/strict";
import { fakeRooms, JOINED } from "../support/fake_rooms.ts";

Deno.test("a join after the server has put the client out is sent although the client is leaving", async () => {
  const { rooms, requests } = fakeRooms();
  const room = rooms.room("a");
  const first = room.join();
  requests[0]!.answer(JOINED);
  await first;
  const left = room.leave();
  rooms.onRoom({ kind: "left", id: null, room: "a", reason: "removed" });
  const again = room.join();
  requests[1]!.answer(JOINED);
  await Promise.all([left, again]);
  assert.deepEqual(requests.map(({ name }) => name), [
    'the join of room "a"',
    'the join of room "a"',
  ]);
});
