/** The members of a room, for a client that reads too slowly. */

import assert from "node:assert/strict";
import { RoomPeer } from "../support/room_peer.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";

/** More than the time in which changes of the members are collected, in milliseconds. */
const WINDOW = 150;

Deno.test("a client that missed changes of the members gets a gap, and then the right members", async () => {
  await using server = serveQuietly({
    onSlow: "skip",
    limits: { maxBuffered: 65_536 },
  });
  server.defineRoom("a", { authorize: () => true });
  const room = server.room("a");
  using ada = await RoomPeer.open(server);
  using bob = await RoomPeer.open(server);
  const { member } = await ada.join("a");
  const { connection } = await bob.join("a");
  await ada.take(1, "presence");
  // Ada reads nothing until the server skips messages.
  const x = "x".repeat(16_000);
  const except = [...server.clients][1];
  while ((await room.broadcast("n", { x }, { except })).skipped === 0);
  await bob.ask("leave", { room: "a" });
  using eve = await RoomPeer.open(server);
  const joined = await eve.join("a");
  await pause(WINDOW);
  const [gap] = await ada.take(1, "gap");
  assert.equal(gap.reason, "slow");
  const changes = ada.events.filter(({ message }) => message === "presence");
  const left = changes.flatMap(({ data }) => data.leave);
  assert.equal(left.includes(connection), false);
  const { data } = await ada.ask("members", { room: "a" });
  assert.equal(data.complete, true);
  assert.deepEqual(
    data.list.map(({ member }: { member: string }) => member),
    [member, joined.member],
  );
  ada.events.length = 0;
  await eve.goodbye();
  const [change] = await ada.take(1, "presence");
  assert.deepEqual([change.leave, change.count], [[joined.connection], 1]);
});

Deno.test("very many members that join at once close the connection of nobody", async () => {
  await using server = serveQuietly({ limits: { maxBuffered: 65_536 } });
  server.defineRoom("a", {
    authorize: () => true,
    presence: (_client, claimed) => claimed || {},
  });
  await using first = await connectTo(server);
  const room = first.room("a");
  const complete = Promise.withResolvers<void>();
  const count = 60;
  room.onMembers(() => {
    if (room.members.size === count) complete.resolve();
  });
  await room.join();
  await using others = new AsyncDisposableStack();
  const presence = { text: "x".repeat(4_000) };
  await Promise.all(Array.from({ length: count - 1 }, async () => {
    const connection = others.use(await connectTo(server));
    await connection.room("a").join({ presence });
  }));
  await Promise.race([complete.promise, first.closed]);
  assert.equal(room.members.size, count);
  assert.equal(server.clients.size, count);
});
