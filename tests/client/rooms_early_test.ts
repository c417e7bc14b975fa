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

Deno.test("gaps that wait for a listener are limited by maxBuffered", async () => {
  await using parts = await startRooms({ maxBuffered: 1_024 });
  const { connection, peer } = parts;
  const joining = connection.join("chat:1");
  await peer.acceptJoin();
  const room = await joining;
  for (let n = 0; n < 100; n++) peer.gap("chat:1", "e.5", "broker");
  await peer.settled(connection);
  const seen: unknown[] = [];
  room.onGap(({ reason }) => void seen.push(reason));
  room.receive(({ position }) => void seen.push(position));
  peer.message("chat:1", "e.6");
  await peer.settled(connection);
  assert.deepEqual(seen, ["slow", "e.6"]);
});
