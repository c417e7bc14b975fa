/** Rooms that the server puts clients into, and the rooms of an application. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/codes.ts";
import type { Client } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RoomPeer } from "../support/room_peer.ts";
import { serveQuietly } from "../support/server.ts";
import { endOfTick, pause } from "../support/timing.ts";

const OPEN = { authorize: () => true, history: { size: 10 } } as const;

/** Waits for the client of a server. */
async function clientOf(server: { readonly clients: ReadonlySet<Client> }) {
  while (server.clients.size === 0) await endOfTick();
  return [...server.clients].at(-1)!;
}

Deno.test("the server puts a client into a room, which the client cannot leave", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", { history: { size: 10 } });
  using ada = await RoomPeer.open(server);
  const client = await clientOf(server);
  assert.deepEqual(client.rooms, []);
  await client.join("a");
  assert.deepEqual(client.rooms, ["a"]);
  const [joined] = await ada.take(1, "joined");
  assert.deepEqual([joined.room, joined.recovered, joined.publish], [
    "a",
    null,
    false,
  ]);
  assert.match(joined.secret, /^[\w-]{22}$/);
  assert.equal(joined.members.list[0].connection, joined.connection);
  await server.room("a").broadcast("n", { n: 1 });
  assert.deepEqual((await ada.take(1))[0].data, { n: 1 });
  const { code } = await ada.ask("leave", { room: "a" });
  assert.equal(code, ErrorCode.FORBIDDEN);
  client.leave("a");
  assert.deepEqual(await ada.take(1, "left"), [
    { room: "a", reason: "removed" },
  ]);
  assert.deepEqual(client.rooms, []);
  client.leave("a");
  client.leave("never there");
  assert.equal((await server.room("a").broadcast("n")).delivered, 0);
  await ada.assertQuiet();
});

Deno.test("a client that is put into a room again misses nothing", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", OPEN);
  using ada = await RoomPeer.open(server);
  const client = await clientOf(server);
  const order: number[] = [];
  await Promise.all([1, 2].map(async (n) => {
    await client.join("a");
    order.push(n);
  }));
  assert.deepEqual(order, [1, 2]);
  assert.equal((await ada.take(1, "joined")).length, 1);
  for (let n = 1; n <= 3; n++) {
    void server.room("a").broadcast("n", { n });
    void client.join("a");
  }
  const events = await ada.take(3);
  assert.deepEqual(events.map(({ data }) => data.n), [1, 2, 3]);
  await ada.assertQuiet("joined");
});

Deno.test("a client that has joined keeps its presence when the server puts it there", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", {
    ...OPEN,
    presence: (_client, claim) => claim || {},
  });
  using ada = await RoomPeer.open(server);
  await ada.join("a", { presence: { name: "Ada" } });
  const client = await clientOf(server);
  await client.join("a");
  const [member] = server.room("a").members();
  assert.deepEqual(member?.connections, [{ name: "Ada" }]);
  assert.equal((await ada.ask("leave", { room: "a" })).code, 10);
  client.leave("a");
  await ada.take(1, "left");
});

Deno.test("a client that was put into a room can join it for its history", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", OPEN);
  await server.room("a").broadcast("n", { n: 1 });
  using ada = await RoomPeer.open(server);
  const client = await clientOf(server);
  await client.join("a");
  const { missed } = await ada.join("a", { last: 5 });
  assert.equal(missed, 1);
  assert.deepEqual(client.rooms, ["a"]);
  assert.equal((await ada.ask("leave", { room: "a" })).code, 10);
});

Deno.test("client.join() rejects for rooms that do not exist, and ignores a client that is gone", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", OPEN);
  using ada = await RoomPeer.open(server);
  const client = await clientOf(server);
  await assert.rejects(client.join("b"), {
    name: "HoistError",
    message: /Cannot use the room "b": no definition matches it/,
  });
  await assert.rejects(client.join("\ud800"), TypeError);
  await ada.goodbye();
  await client.closed;
  await client.join("a");
  assert.deepEqual(client.rooms, []);
  assert.deepEqual(server.room("a").members(), []);
  client.leave("a");
});

Deno.test("a Hoist 1 client in rooms is a member without frames about rooms", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  server.defineRoom("a", OPEN);
  using python = await RoomPeer.open(server, { features: [] });
  const client = await clientOf(server);
  await client.join("a");
  using ada = await RoomPeer.open(server);
  const { members } = await ada.join("a");
  assert.equal(members.count, 2);
  await server.room("a").broadcast("n", { n: 1 });
  client.leave("a");
  await server.room("a").broadcast("n", { n: 2 });
  client.message("end");
  const events = await python.take(2, "s_newmsg");
  assert.deepEqual(
    events.map(({ message, data }) => [message, data]),
    [["n", { n: 1 }], ["end", {}]],
  );
  assert.deepEqual(python.events, []);
  const { code } = await python.ask("join", { room: "a" });
  assert.notEqual(code, 0);
  assert.deepEqual(client.rooms, []);
});

Deno.test("the client in `except` does not get a message that was sent after it was lost", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", OPEN);
  using ada = await RoomPeer.open(server);
  const { position: since } = await ada.join("a");
  const client = await clientOf(server);
  ada[Symbol.dispose]();
  await client.closed;
  const room = server.room("a");
  await room.broadcast("n", { n: 1 }, { except: client });
  await room.broadcast("n", { n: 2 });
  using again = await RoomPeer.open(server, { member: ada.secret });
  assert.equal((await again.join("a", { since })).missed, 1);
  assert.deepEqual((await again.take(1))[0].data, { n: 2 });
});

Deno.test("a room rejects an `except` that is no client, and a position that is no string", async () => {
  await using server = serveQuietly();
  await using other = serveQuietly();
  server.defineRoom("a", OPEN);
  using _ada = await RoomPeer.open(other);
  const room = server.room("a");
  const foreign = await clientOf(other);
  for (const except of [null, 1, {}, "ada", foreign]) {
    await assert.rejects(room.broadcast("n", {}, { except } as object), {
      name: "TypeError",
      message: /^Cannot broadcast: 'except' must be a client of this server/,
    });
  }
  for (const since of [null, 1, {}]) {
    await assert.rejects(room.history({ since } as object), {
      name: "TypeError",
      message: /^Cannot read the history: 'since' must be a non-empty string/,
    });
  }
  assert.deepEqual(await room.history(), []);
});

Deno.test("the client in `except` does not get the message when it joins later", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", OPEN);
  using ada = await RoomPeer.open(server);
  using bob = await RoomPeer.open(server);
  const except = [...server.clients][0];
  const room = server.room("a");
  await room.broadcast("n", { n: 1 }, { except });
  await room.broadcast("n", { n: 2 });
  assert.equal((await ada.join("a", { last: 5 })).missed, 1);
  assert.deepEqual((await ada.take(1))[0].data, { n: 2 });
  assert.equal((await bob.join("a", { last: 5 })).missed, 2);
});

Deno.test("server.room() needs a valid name and a definition", async () => {
  await using server = serveQuietly();
  server.defineRoom("chat:{id}", OPEN);
  assert.equal(server.room("chat:1").name, "chat:1");
  for (const name of ["chat:", "chat:1:2", "lobby"]) {
    assert.throws(() => server.room(name), {
      name: "HoistError",
      message: /no definition matches it. Call server.defineRoom\(\) first.$/,
    });
  }
  assert.throws(() => server.room(1 as never), TypeError);
  assert.throws(() => server.room("\ud800"), TypeError);
  assert.throws(() => server.room(""), RangeError);
  assert.throws(() => server.defineRoom("chat:{name}"), TypeError);
});

Deno.test("a server with rooms closes, and their clients can come back to the next one", async () => {
  const server = serveQuietly();
  server.defineRoom("a", OPEN);
  using ada = await RoomPeer.open(server, { features: ["rooms", "retry"] });
  const { position: since } = await ada.join("a");
  using lost = await RoomPeer.open(server);
  await lost.join("a");
  lost[Symbol.dispose]();
  await server.room("a").broadcast("n");
  const closing = server.close();
  assert.equal(await ada.closed(), 1012);
  ada[Symbol.dispose]();
  await closing;
  await using next = serveQuietly();
  next.defineRoom("a", OPEN);
  using again = await RoomPeer.open(next, { member: ada.secret });
  const joined = await again.join("a", { since });
  assert.deepEqual([joined.recovered, joined.reason], [false, "epoch"]);
  assert.match(joined.secret, /^[\w-]{22}$/);
});

Deno.test("a rotated token keeps the members, until it is no longer valid", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", OPEN);
  using ada = await RoomPeer.open(server);
  await ada.join("a");
  await server.rotate("another long token", { grace: 50 });
  assert.equal(server.room("a").members().length, 1);
  assert.equal(await ada.closed(), 1008);
  await pause(0);
  assert.deepEqual(server.room("a").members(), []);
});
