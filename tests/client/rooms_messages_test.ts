/** Messages, members and callbacks of rooms, against a server whose frames the tests write. */

import assert from "node:assert/strict";
import { ConnectionClosedError, PublishError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { errorFrame, successFrame } from "../support/fake_server.ts";
import { startRooms } from "../support/room_server.ts";

Deno.test("connection.join keeps the messages that arrive before the first listener", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const seen: unknown[] = [];
  const joining = connection.join("chat:1", {
    last: 2,
    onGap: ({ reason }) => void seen.push(reason),
  });
  await peer.acceptJoin({ missed: 2 });
  peer.message("chat:1", "e.1");
  peer.gap("chat:1", "e.3", "limit");
  peer.message("chat:1", "e.4");
  const room = await joining;
  await peer.settled(connection);
  assert.equal(seen.length, 0);
  room.receive("say", ({ position }) => void seen.push(position));
  room.receive(({ name }) => void seen.push(name));
  await peer.settled(connection);
  assert.deepEqual(seen, ["e.1", "limit", "e.4", "say", "say"]);
  peer.message("chat:1", "e.5");
  await peer.settled(connection);
  assert.deepEqual(seen.slice(5), ["e.5", "say"]);
});

Deno.test("a gap that nothing precedes is reported at once", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const gaps: unknown[] = [];
  await peer.admit(
    connection.join("chat:1", {
      since: "e.1",
      onGap: ({ reason }) => void gaps.push(reason),
    }),
    { recovered: false, reason: "expired", missed: 1 },
  );
  assert.deepEqual(gaps, ["expired"]);
});

Deno.test("messages that wait for a listener are limited by maxBuffered", async () => {
  await using parts = await startRooms({ maxBuffered: 1_024 });
  const { connection, peer } = parts;
  const seen: unknown[] = [];
  const joining = connection.join("chat:1", {
    onGap: ({ reason }) => void seen.push(reason),
  });
  await peer.acceptJoin();
  const room = await joining;
  for (const n of [1, 2, 3]) {
    peer.message("chat:1", `e.${n}`, { data: { text: "x".repeat(400) } });
  }
  peer.gap("chat:1", "e.5", "broker");
  peer.message("chat:1", "e.6");
  await peer.settled(connection);
  assert.equal(seen.length, 0);
  room.receive(({ position }) => void seen.push(position));
  peer.message("chat:1", "e.7");
  await peer.settled(connection);
  assert.deepEqual(seen, ["slow", "e.7"]);
  assert.equal(room.position, "e.7");
});

Deno.test("each caller of connection.join has its own listeners and its own leave", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const joins = [connection.join("chat:1"), connection.join("chat:1")];
  await peer.acceptJoin();
  const [one, other] = await Promise.all(joins);
  assert(one !== undefined && other !== undefined && one !== other);
  const seen: unknown[] = [];
  one.receive(({ position }) => void seen.push(["one", position]));
  other.receive(({ position }) => void seen.push(["other", position]));
  peer.message("chat:1", "e.2");
  await peer.settled(connection);
  await one.leave();
  // A second call must not leave the room for the other caller.
  await one.leave();
  peer.message("chat:1", "e.3");
  await peer.settled(connection);
  assert.deepEqual(seen, [["one", "e.2"], ["other", "e.2"], ["other", "e.3"]]);
  const leaving = other.leave();
  await peer.acceptLeave();
  await leaving;
});

Deno.test("room.receive selects messages by their names, and a listener can be removed", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const seen: unknown[] = [];
  const listener = room.receive(["a", "b"], ({ name }) => void seen.push(name));
  await peer.admit(room.join());
  for (const message of ["a", "b", "c"]) {
    peer.message("chat:1", null, { message });
  }
  await peer.settled(connection);
  listener[Symbol.dispose]();
  peer.message("chat:1", null, { message: "a" });
  await peer.settled(connection);
  assert.deepEqual(seen, ["a", "b"]);
  assert.throws(() => room.receive("a", 1 as never), TypeError);
  assert.throws(() => room.receive([], () => {}), TypeError);
});

Deno.test("a message without a listener is logged once for each name", async () => {
  await using parts = await startRooms();
  const { connection, peer, logger } = parts;
  const room = connection.room("chat:1");
  room.receive("a", () => {});
  await peer.admit(room.join());
  for (const message of ["a", "b", "b"]) {
    peer.message("chat:1", null, { message });
  }
  await peer.settled(connection);
  const lines = logger.lines.filter((line) => line.startsWith("warn"));
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /no listener received "b"/);
});

Deno.test("callbacks that throw are logged, and the others are called", async () => {
  await using parts = await startRooms();
  const { connection, peer, logger } = parts;
  const room = connection.room("chat:1");
  const seen: unknown[] = [];
  const fail = () => {
    throw new Error("callback");
  };
  const reject = () => Promise.reject(new Error("callback"));
  for (const callback of [fail, reject]) {
    room.receive(callback);
    room.onGap(callback);
    room.onMembers(callback);
    room.onLeft(callback);
  }
  room.receive(() => void seen.push("message"));
  room.onGap(() => void seen.push("gap"));
  room.onMembers(() => void seen.push("members"));
  room.onLeft(() => void seen.push("left"));
  const list = [{ member: "ada", connection: "c-1" }];
  const members = { list, count: 1, complete: true };
  await peer.admit(room.join({ onGap: fail }), { members });
  peer.message("chat:1", "e.2");
  peer.gap("chat:1", "e.3");
  peer.send(
    successFrame(null, "left", { room: "chat:1", reason: "closed" }),
  );
  await peer.settled(connection);
  assert.deepEqual(seen, ["members", "gap", "left", "message"]);
  assert.equal(logger.lines.filter((line) => /^error/.test(line)).length, 9);
});

Deno.test("messages of rooms into which the server has put the client have message.room", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const seen: unknown[] = [];
  connection.receive("say", ({ room, data }) => void seen.push([room, data]));
  peer.joined("staff");
  peer.message("staff", "e.1", { data: { n: 1 } });
  const wire = { message: "say", data: { n: 2 }, replying: null, id: 9 };
  peer.send(successFrame(null, "s_newmsg", wire));
  await peer.settled(connection);
  assert.deepEqual(seen, [["staff", { n: 1 }], [undefined, { n: 2 }]]);
  // The server puts the client out again, and later into the room after a reconnect.
  peer.send(successFrame(null, "left", { room: "staff", reason: "removed" }));
  peer.message("staff", "e.2");
  await peer.settled(connection);
  peer.joined("staff");
  await peer.settled(connection);
  peer.close();
  const next = await parts.server.next();
  next.message("staff", "e.3");
  await next.settled(connection);
  assert.equal(seen.length, 2);
  // The client does not join the room again.
  assert.deepEqual(next.actions, ["operation"]);
});

Deno.test("a client publishes in a room into which the server has put it", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  peer.joined("staff");
  await peer.settled(connection);
  const publishing = connection.room("staff").publish("say", { n: 1 });
  const frame = await peer.next("publish");
  peer.published(frame, "e.4");
  assert.deepEqual(await publishing, { position: "e.4", duplicate: false });
});

Deno.test("a room that the client joins, too, receives its messages itself", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const seen: unknown[] = [];
  connection.receive(({ room }) => void seen.push(["connection", room]));
  const room = connection.room("staff");
  room.receive(() => void seen.push("room"));
  peer.joined("staff");
  await peer.admit(room.join());
  peer.message("staff", "e.1");
  await peer.settled(connection);
  // The server refuses that the client leaves, so that its messages still arrive.
  const leaving = room.leave();
  peer.send(errorFrame((await peer.next("leave")).id, 10));
  await leaving;
  peer.message("staff", "e.2");
  await peer.settled(connection);
  assert.deepEqual(seen, ["room", ["connection", "staff"]]);
});

Deno.test("publishes with a key, waits for the join, and fails outside of the room", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const error = await rejection(room.publish("say"));
  assert(error instanceof PublishError);
  assert.equal(error.outcome, "none");
  assert.match(error.message, /not in the room. Call room.join\(\) first/);
  const joining = room.join();
  const first = room.publish("say", { n: 1 });
  const second = room.publish("say", { n: 2 }, { key: "mine" });
  await peer.acceptJoin();
  await joining;
  const frames = [await peer.next("publish"), await peer.next("publish")];
  const { key, ...data } = frames[0]!.data;
  assert.match(String(key), /^[0-9a-z]+-1$/);
  assert.deepEqual(data, { room: "chat:1", message: "say", data: { n: 1 } });
  assert.equal(frames[1]?.data.key, "mine");
  for (const frame of frames) peer.published(frame);
  await Promise.all([first, second]);
});

for (const key of ["", "x".repeat(65), "ä", "a\n", 1]) {
  Deno.test(`rejects the key ${JSON.stringify(key)}`, async () => {
    await using parts = await startRooms();
    const room = parts.connection.room("chat:1");
    const options = { key: key as string };
    const error = await rejection(room.publish("say", {}, options));
    assert(error instanceof TypeError);
    assert.match(error.message, /'key' must be a string of 1 to 64 printable/);
  });
}

Deno.test("a publication is sent again after the rejoin is answered", async () => {
  await using parts = await startRooms();
  const { server, connection, peer } = parts;
  const room = connection.room("chat:1");
  await peer.admit(room.join());
  const publishing = room.publish("say", { n: 1 });
  const first = await peer.next("publish");
  peer.close();
  const next = await server.next();
  const join = await next.next("join");
  await next.settled(connection);
  next.joined(join, { recovered: true });
  const again = await next.next("publish");
  assert.deepEqual(again.data, { ...first.data, repeated: true });
  next.published(again, "e.5");
  assert.deepEqual(await publishing, { position: "e.5", duplicate: true });
});

Deno.test("a publication is not sent again if the server gives the client another id", async () => {
  await using parts = await startRooms();
  const { server, connection, peer } = parts;
  const room = connection.room("chat:1");
  await peer.admit(room.join());
  const publishing = rejection(room.publish("say"));
  await peer.next("publish");
  peer.close();
  const next = await server.next();
  await next.acceptJoin({ connection: "c-2", recovered: true });
  const error = await publishing;
  assert(error instanceof PublishError);
  assert.equal(error.outcome, "unknown");
  await next.settled(connection);
  assert.deepEqual(next.actions, ["join", "operation"]);
});

Deno.test("close() rejects publications with what is known about them", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  await peer.admit(room.join());
  const publishing = rejection(room.publish("say"));
  await peer.next("publish");
  await connection.close();
  const error = await publishing;
  assert(error instanceof PublishError);
  assert.equal(error.outcome, "unknown");
  const later = await rejection(room.publish("say"));
  assert.match(later.message, /the connection has ended/);
});

Deno.test("room.members follows the list and its changes", async () => {
  await using parts = await startRooms();
  const { server, connection, peer } = parts;
  const room = connection.room("chat:1");
  const changes: unknown[] = [];
  room.onMembers(({ joined, left, updated }) => {
    const ids = [joined, left, updated].map((all) => all.map(({ id }) => id));
    changes.push(ids);
  });
  const entry = (id: string, n?: number) => ({
    ...{ member: id, connection: `c-${id}` },
    ...(n !== undefined && { presence: { n } }),
  });
  const list = [entry("ada"), entry("bob", 1)];
  const members = { list, count: 5, complete: false };
  await peer.admit(room.join(), { members });
  assert.deepEqual([...room.members.keys()], ["ada", "bob"]);
  assert.deepEqual([room.count, room.isComplete], [5, false]);
  const change = { room: "chat:1", join: [entry("bob", 2), entry("cy")] };
  peer.send(
    successFrame(null, "presence", { ...change, leave: ["c-ada"], count: 5 }),
  );
  await peer.settled(connection);
  assert.deepEqual(room.members.get("bob")?.presence, { n: 2 });
  // After a reconnect, only the differences are reported.
  peer.close();
  const next = await server.next();
  const later = [entry("bob", 2), entry("dan")];
  await next.acceptJoin({
    recovered: true,
    members: { list: later, count: 2, complete: true },
  });
  await next.settled(connection);
  assert.deepEqual(changes, [
    [["ada", "bob"], [], []],
    [["cy"], ["ada"], ["bob"]],
    [["dan"], ["cy"], []],
  ]);
  assert.deepEqual([room.count, room.isComplete], [2, true]);
  const leaving = room.leave();
  await next.acceptLeave();
  await leaving;
  assert.equal(room.members.size, 0);
});

Deno.test("setPresence sends the newest claim, and a rejoin repeats it", async () => {
  await using parts = await startRooms();
  const { server, connection, peer } = parts;
  const room = connection.room("chat:1");
  assert.match((await rejection(room.setPresence({}))).message, /not in the/);
  const joining = room.join({ presence: { n: 0 } });
  const first = room.setPresence({ n: 1 });
  await peer.acceptJoin();
  await joining;
  const frame = await peer.next("presence");
  assert.deepEqual(frame.data, { room: "chat:1", presence: { n: 1 } });
  const others = [room.setPresence({ n: 2 }), room.setPresence(false)];
  await peer.settled(connection);
  peer.send(successFrame(frame.id, null));
  await first;
  const second = await peer.next("presence");
  assert.equal(second.data.presence, false);
  peer.close();
  const next = await server.next();
  const { data } = await next.acceptJoin({ recovered: true });
  assert.equal(data.presence, false);
  await Promise.all(others);
  await next.settled(connection);
  assert.deepEqual(next.actions, ["join", "operation"]);
  const last = rejection(room.setPresence(null));
  assert.equal((await next.next("presence")).data.presence, null);
  await connection.close();
  assert((await last) instanceof ConnectionClosedError);
});

Deno.test("a presence that the server refuses is not repeated", async () => {
  await using parts = await startRooms();
  const { server, connection, peer } = parts;
  const room = connection.room("chat:1");
  await peer.admit(room.join({ presence: { n: 0 } }));
  const refused = rejection(room.setPresence({ n: 1 }));
  peer.send(errorFrame((await peer.next("presence")).id, 10));
  assert.match((await refused).message, /the presence of room "chat:1"/);
  peer.close();
  const { data } = await (await server.next()).next("join");
  assert.deepEqual(data.presence, { n: 0 });
});
