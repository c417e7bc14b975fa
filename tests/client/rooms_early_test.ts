/** Gaps of rooms from `connection.join`, before the first listener is registered. */

import assert from "node:assert/strict";
import { startRooms } from "../support/room_server.ts";

Deno.test("a gap waits for the first listener if nothing reports it", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const joining = connection.join("chat:1", { since: "e.1" });
  await peer.acceptJoin({ recovered: false, reason: "expired", missed: 1 });
  peer.message("chat:1", "e.4");
  const room = await joining;
  const seen: unknown[] = [];
  room.receive(({ position }) => void seen.push(position));
  room.onGap(({ reason }) => void seen.push(reason));
  await peer.settled(connection);
  assert.deepEqual(seen, ["expired", "e.4"]);
});
