/** Rooms on a server: the frames that a client gets. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/codes.ts";
import { RoomPeer } from "../support/room_peer.ts";
import { serveQuietly } from "../support/server.ts";

const OPEN = {
  authorize: () => true,
  publish: true,
  history: { size: 100 },
} as const;

Deno.test("members get the messages of a room, in order", async () => {
  await using server = serveQuietly();
  server.defineRoom("chat:{id}", OPEN);
  using ada = await RoomPeer.open(server);
  using bob = await RoomPeer.open(server);
  const joined = await ada.join("chat:1");
  await bob.join("chat:1");
  assert.equal(joined.recovered, null);
  assert.equal(joined.missed, 0);
  assert.equal(joined.publish, true);
  assert.match(joined.secret, /^[\w-]{22}$/);
  const answers = [];
  for (let n = 1; n <= 3; n++) {
    const data = { room: "chat:1", message: "say", data: { n }, key: `${n}` };
    answers.push(await ada.ask("publish", data));
  }
  const forAda = await ada.take(3);
  const forBob = await bob.take(3);
  assert.deepEqual(forAda, forBob);
  assert.deepEqual(forBob.map(({ data }) => data), [{ n: 1 }, { n: 2 }, {
    n: 3,
  }]);
  assert.deepEqual(
    forBob.map(({ position }) => position),
    answers.map(({ data }) => data.position),
  );
  for (const { from, room, message, replying } of forBob) {
    assert.equal(from, joined.member);
    assert.deepEqual([room, message, replying], ["chat:1", "say", null]);
  }
});

Deno.test("the server broadcasts to a room, and counts the members", async () => {
  await using server = serveQuietly();
  server.defineRoom("chat:{id}", OPEN);
  using ada = await RoomPeer.open(server);
  using bob = await RoomPeer.open(server);
  using eve = await RoomPeer.open(server);
  await ada.join("chat:1");
  await bob.join("chat:1");
  await eve.join("chat:2");
  const { position, ...counts } = await server.room("chat:1").broadcast("hi", {
    n: 1,
  });
  assert.deepEqual(counts, {
    delivered: 2,
    skipped: 0,
    replaced: 0,
    failed: 0,
  });
  for (const peer of [ada, bob]) {
    const [event] = await peer.take(1);
    assert.deepEqual([event.position, event.from, event.data], [
      position,
      null,
      { n: 1 },
    ]);
  }
  await eve.assertQuiet();
  const alone = await server.room("chat:3").broadcast("hi");
  assert.equal(alone.delivered, 0);
  assert.notEqual(alone.position, null);
});

Deno.test("a client that comes back gets what it missed, once and in order", async () => {
  await using server = serveQuietly();
  server.defineRoom("chat:{id}", OPEN);
  const room = server.room("chat:1");
  let since: string;
  let secret: string | undefined;
  {
    using ada = await RoomPeer.open(server);
    await ada.join("chat:1");
    await room.broadcast("n", { n: 0 });
    since = (await ada.take(1))[0].position;
    secret = ada.secret;
  }
  for (let n = 1; n <= 90; n++) await room.broadcast("n", { n });
  using ada = await RoomPeer.open(server, { member: secret });
  const joined = await ada.join("chat:1", { since });
  assert.deepEqual(
    [joined.recovered, joined.missed, joined.position],
    [true, 90, since],
  );
  assert.equal("secret" in joined, false);
  for (let n = 91; n <= 95; n++) await room.broadcast("n", { n });
  const events = await ada.take(95);
  assert.deepEqual(
    events.map(({ data }) => data.n),
    Array.from({ length: 95 }, (_, n) => n + 1),
  );
  await ada.assertQuiet();
});

Deno.test("a gap is reported, and what is left follows", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", { ...OPEN, history: { size: 3 } });
  const room = server.room("a");
  const first = await room.broadcast("n", { n: 0 });
  for (let n = 1; n <= 9; n++) await room.broadcast("n", { n });
  using ada = await RoomPeer.open(server);
  const joined = await ada.join("a", { since: first.position });
  assert.deepEqual(
    [joined.recovered, joined.reason, joined.missed],
    [false, "expired", 3],
  );
  const events = await ada.take(3);
  assert.deepEqual(events.map(({ data }) => data.n), [7, 8, 9]);
  const unknown = await ada.join("a", { since: "other.1.abcde" });
  assert.deepEqual([unknown.recovered, unknown.reason], [false, "epoch"]);
});

Deno.test("a cleared history is a gap for the members", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", OPEN);
  const room = server.room("a");
  using ada = await RoomPeer.open(server);
  await ada.join("a");
  await room.broadcast("n", { n: 1 });
  await room.clear();
  await room.broadcast("n", { n: 2 });
  const [gap] = await ada.take(1, "gap");
  assert.equal(gap.reason, "epoch");
  const events = await ada.take(2);
  assert.deepEqual(events.map(({ data }) => data.n), [1, 2]);
});

Deno.test("nothing is allowed without a definition", async () => {
  await using server = serveQuietly();
  server.defineRoom("closed");
  server.defineRoom("read", { authorize: () => true });
  server.defineRoom("refused", { authorize: () => false });
  using ada = await RoomPeer.open(server);
  for (const room of ["none", "closed", "refused"]) {
    const { code } = await ada.ask("join", { room });
    assert.equal(code, ErrorCode.FORBIDDEN, room);
  }
  await ada.join("read");
  const message = { message: "hi", data: {}, key: "1" };
  for (const room of ["none", "closed", "read"]) {
    const { code } = await ada.ask("publish", { room, ...message });
    assert.equal(code, ErrorCode.FORBIDDEN, room);
  }
  const { code } = await ada.ask("members", { room: "closed" });
  assert.equal(code, ErrorCode.FORBIDDEN);
});

Deno.test("a message with a known key is not sent twice", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", OPEN);
  using ada = await RoomPeer.open(server);
  const { member } = await ada.join("a");
  const message = { room: "a", message: "hi", data: {}, key: "1" };
  const first = await ada.ask("publish", message);
  ada[Symbol.dispose]();
  using again = await RoomPeer.open(server, { member: ada.secret });
  const joined = await again.join("a");
  assert.equal(joined.member, member);
  const second = await again.ask("publish", { ...message, repeated: true });
  assert.deepEqual(
    [second.data.duplicate, second.data.position],
    [true, first.data.position],
  );
  using other = await RoomPeer.open(server);
  await other.join("a");
  const third = await other.ask("publish", { ...message, repeated: true });
  assert.equal(third.code, ErrorCode.BROKER_UNAVAILABLE);
  assert.deepEqual(third.data, { outcome: "unknown" });
  assert.equal((await server.room("a").history()).length, 1);
});

Deno.test("an excluded client does not get the message, not even later", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", OPEN);
  const room = server.room("a");
  using ada = await RoomPeer.open(server);
  const { position: since } = await ada.join("a");
  const [client] = server.clients;
  assert(client !== undefined);
  assert.equal(
    (await room.broadcast("n", { n: 1 }, { except: client })).delivered,
    0,
  );
  await room.broadcast("n", { n: 2 });
  assert.deepEqual((await ada.take(1))[0].data, { n: 2 });
  ada[Symbol.dispose]();
  using again = await RoomPeer.open(server, { member: ada.secret });
  const joined = await again.join("a", { since });
  assert.equal(joined.missed, 1);
  assert.deepEqual((await again.take(1))[0].data, { n: 2 });
  using stranger = await RoomPeer.open(server);
  assert.equal((await stranger.join("a", { since })).missed, 2);
});

Deno.test("members see who comes and who goes", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", {
    ...OPEN,
    presence: (_client, claimed) => claimed || {},
  });
  using ada = await RoomPeer.open(server);
  const first = await ada.join("a", { presence: { name: "Ada" } });
  assert.equal(first.members.count, 1);
  assert.deepEqual(first.members.list, [{
    member: first.member,
    connection: first.connection,
    presence: { name: "Ada" },
  }]);
  await ada.take(1, "presence");
  using bob = await RoomPeer.open(server);
  const second = await bob.join("a", { presence: { name: "Bob" } });
  assert.equal(second.members.count, 2);
  const [change] = await ada.take(1, "presence");
  assert.deepEqual(
    [change.count, change.join.length, change.join[0].presence],
    [2, 1, { name: "Bob" }],
  );
  await bob.goodbye();
  const [leave] = await ada.take(1, "presence");
  assert.deepEqual([leave.count, leave.leave], [1, [second.connection]]);
  assert.equal(server.room("a").members().length, 1);
});

Deno.test("a Hoist 1 client gets plain messages of rooms that it was put into", async () => {
  await using server = serveQuietly({
    onConnect: (client) => client.join("a"),
  });
  server.defineRoom("a", OPEN);
  using python = await RoomPeer.open(server, { features: [] });
  const room = server.room("a");
  while (room.members().length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await room.broadcast("hi", { n: 1 });
  const [event] = await python.take(1, "s_newmsg");
  assert.deepEqual([event.message, event.data, event.replying], [
    "hi",
    { n: 1 },
    null,
  ]);
  assert.deepEqual(Object.keys(event).sort(), [
    "data",
    "id",
    "message",
    "replying",
  ]);
});

Deno.test("a client can publish in a room that the server put it into", async () => {
  await using server = serveQuietly({
    onConnect: async (client) => {
      for (const name of ["a", "silent"]) await client.join(name);
    },
  });
  server.defineRoom("a", { publish: true });
  server.defineRoom("silent");
  using ada = await RoomPeer.open(server);
  const joined = await ada.take(2, "joined");
  assert.deepEqual(joined.map(({ publish }) => publish), [true, false]);
  const message = { message: "hi", data: {}, key: "1" };
  const { data } = await ada.ask("publish", { room: "a", ...message });
  assert.deepEqual(data, { position: null, duplicate: false });
  assert.equal((await ada.take(1))[0].from, joined[0].member);
  const { code } = await ada.ask("publish", { room: "silent", ...message });
  assert.equal(code, ErrorCode.FORBIDDEN);
});

Deno.test("the last of several joins of a room decides, whichever is faster", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", OPEN);
  server.defineRoom("long", { ...OPEN, history: { size: 1_000 } });
  for (let n = 0; n < 500; n++) await server.room("long").broadcast("n");
  using ada = await RoomPeer.open(server);
  // The first join waits for the history of another room, the second one does not.
  await ada.send("join", { room: "long", last: 500 });
  const first = await ada.send("join", { room: "a", since: "other.1.abcde" });
  const second = await ada.send("join", { room: "a", echo: false });
  assert.equal((await ada.answer(first)).code, ErrorCode.INVALID_ACTION);
  assert.equal((await ada.answer(second)).message, "joined");
  const message = { room: "a", message: "hi", data: {}, key: "1" };
  await ada.ask("publish", message);
  await ada.take(500);
  await ada.assertQuiet();
  await server.room("a").broadcast("n", { n: 2 });
  assert.deepEqual((await ada.take(1))[0].data, { n: 2 });
});
