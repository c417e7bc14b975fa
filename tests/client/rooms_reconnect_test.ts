/** Rooms after a reconnect, against a server whose frames the tests write. */

import assert from "node:assert/strict";
import { applicationData } from "../../common/application_error.ts";
import { createConnection } from "../../client.ts";
import type { ConnectionState } from "../../client/status.ts";
import { ConnectionClosedError, ResponseError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { errorFrame, successFrame } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { FAST_RECONNECT } from "../support/reconnecting.ts";
import { RoomServer, startRooms } from "../support/room_server.ts";

const SECRET = "abcdefghijklmnopqrstuv";

/** Starts a client that is in a room. */
async function startInRoom(fields: object = {}) {
  const parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const gaps: unknown[] = [];
  const seen: unknown[] = [];
  room.receive(({ position }) => void seen.push(position));
  await peer.admit(
    room.join({
      last: 3,
      onGap: ({ reason }) => gaps.push(reason),
    }),
    fields,
  );
  return { ...parts, room, gaps, seen };
}

Deno.test("joins again from the position of the newest message", async () => {
  await using parts = await startInRoom({ position: "e.1", secret: SECRET });
  const { server, connection, peer, room, seen } = parts;
  assert.equal(peer.login.member, undefined);
  peer.message("chat:1", "e.2");
  await peer.settled(connection);
  peer.close();
  const next = await server.next();
  assert.equal(next.login.member, SECRET);
  const { data } = await next.acceptJoin({ position: "e.3", recovered: true });
  assert.deepEqual(data, { room: "chat:1", since: "e.2" });
  next.message("chat:1", "e.4");
  await next.settled(connection);
  assert.deepEqual(seen, ["e.2", "e.4"]);
  assert.equal(room.position, "e.4");
  // The secret remains until the server sends another one.
  next.close();
  assert.equal((await server.next()).login.member, SECRET);
});

Deno.test("joins again from the position of the join if no message has arrived", async () => {
  await using parts = await startInRoom({ position: "e.5" });
  parts.peer.close();
  const { data } = await (await parts.server.next()).next("join");
  assert.deepEqual(data, { room: "chat:1", since: "e.5" });
});

Deno.test("joins again from the position of a gap, which can go back", async () => {
  await using parts = await startInRoom({ position: "e.9" });
  const { server, connection, peer, gaps } = parts;
  peer.gap("chat:1", "f.2", "epoch");
  await peer.settled(connection);
  assert.deepEqual(gaps, ["epoch"]);
  peer.close();
  const { data } = await (await server.next()).next("join");
  assert.equal(data.since, "f.2");
});

Deno.test("a connection that is lost before the missed messages asks for the same again", async () => {
  await using parts = await startInRoom({ position: "e.5", missed: 3 });
  const { server, connection, peer } = parts;
  assert.equal(parts.room.position, "e.5");
  peer.close();
  const second = await server.next();
  const again = await second.acceptJoin({ position: "e.5", missed: 4 });
  assert.deepEqual(again.data, { room: "chat:1", since: "e.5" });
  second.message("chat:1", "e.6");
  await second.settled(connection);
  second.close();
  const { data } = await (await server.next()).next("join");
  assert.deepEqual(data, { room: "chat:1", since: "e.6" });
});

for (const reason of ["expired", "epoch", "limit", "slow", "broker"]) {
  Deno.test(`reports a gap before the messages after it: ${reason}`, async () => {
    await using parts = await startInRoom({ position: "e.1" });
    const { server, connection, peer, room, seen } = parts;
    room.onGap(({ reason }) => void seen.push(reason));
    peer.message("chat:1", "e.2");
    peer.gap("chat:1", "e.4", reason);
    peer.message("chat:1", "e.5");
    await peer.settled(connection);
    peer.close();
    const next = await server.next();
    const fields = { position: "e.9", recovered: false, reason, missed: 1 };
    assert.equal((await next.acceptJoin(fields)).data.since, "e.5");
    next.message("chat:1", "e.9");
    await next.settled(connection);
    assert.deepEqual(seen, ["e.2", reason, "e.5", reason, "e.9"]);
  });
}

Deno.test("the first join reports a gap, too", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const gaps: unknown[] = [];
  const room = connection.room("chat:1");
  const joining = room.join({
    since: "d.7",
    onGap: ({ reason }) => gaps.push(reason),
  });
  await peer.acceptJoin({ recovered: false, reason: "epoch" });
  assert.deepEqual(await joining, { recovered: false, missed: 0 });
  assert.deepEqual(gaps, ["epoch"]);
});

Deno.test("a server that ignores the position has lost messages", async () => {
  await using parts = await startInRoom({ position: "e.1" });
  parts.peer.close();
  const next = await parts.server.next();
  await next.acceptJoin({ position: "f.1", recovered: null });
  await next.settled(parts.connection);
  assert.deepEqual(parts.gaps, ["broker"]);
});

Deno.test("a message without a position does not change the position", async () => {
  await using parts = await startInRoom({ position: "e.1" });
  parts.peer.message("chat:1", null);
  await parts.peer.settled(parts.connection);
  assert.equal(parts.room.position, "e.1");
});

Deno.test("a room without history is joined again without a position", async () => {
  await using parts = await startInRoom({ position: null });
  const { server, connection, peer, seen } = parts;
  peer.message("chat:1", null);
  await peer.settled(connection);
  peer.close();
  const next = await server.next();
  const { data } = await next.acceptJoin({ position: null });
  assert.deepEqual(data, { room: "chat:1" });
  await next.settled(connection);
  assert.deepEqual([seen, parts.gaps], [[null], []]);
});

Deno.test("all rooms are joined again before requests that wait, and before the state is open", async () => {
  await using server = new RoomServer();
  await using connection = createConnection("test", {
    url: server.url,
    reconnect: FAST_RECONNECT,
  });
  const peer = await server.next();
  const rooms = ["a", "b"].map((name) => connection.room(name));
  const joins = rooms.map((room) => room.join());
  for (const _room of rooms) await peer.acceptJoin();
  await Promise.all(joins);
  const states: ConnectionState[] = [];
  let calling: Promise<unknown> | undefined;
  connection.onState(({ state }) => {
    states.push(state);
    if (state === "waiting") calling = connection.operation("queued");
    if (state === "open" && states.length > 1) connection.operation("opened");
  });
  peer.close();
  const next = await server.next();
  assert.equal((await next.acceptJoin()).data.room, "a");
  assert.equal((await next.acceptJoin()).data.room, "b");
  const queued = await next.next("operation");
  assert.equal(queued.data.operation, "queued");
  next.send(successFrame(queued.id, null, { result: 1 }));
  assert.equal(await calling, 1);
  assert.equal((await next.next("operation")).data.operation, "opened");
});

Deno.test("a join that waits for its answer is sent again after a reconnect", async () => {
  await using parts = await startRooms();
  const { server, connection, peer } = parts;
  const joining = connection.room("chat:1").join({ last: 7 });
  const { data } = await peer.next("join");
  peer.close();
  const next = await server.next();
  assert.deepEqual((await next.acceptJoin({ missed: 0 })).data, data);
  await joining;
});

for (const code of [1003, 1008, 1009]) {
  Deno.test(`a first join that can be the reason for the close code ${code} is not sent again`, async () => {
    await using parts = await startRooms();
    const { server, connection, peer } = parts;
    const joining = rejection(connection.room("chat:1").join());
    await peer.next("join");
    peer.close(code);
    const error = await joining;
    assert(error instanceof ConnectionClosedError);
    assert.equal(error.code, code);
    await (await server.next()).settled(connection);
  });
}

Deno.test("a refused rejoin ends the room", async () => {
  await using parts = await startInRoom();
  const { server, connection, peer, room } = parts;
  const ends: unknown[] = [];
  room.onLeft(({ reason, error }) => {
    assert(error instanceof ResponseError);
    ends.push([reason, error.code]);
  });
  peer.close();
  const next = await server.next();
  next.send(errorFrame((await next.next("join")).id, 10));
  await next.settled(connection);
  assert.deepEqual(ends, [["refused", 10]]);
  assert.match((await rejection(room.join())).message, /refused to let it in/);
  // The application can try again with another object.
  const joining = connection.room("chat:1").join();
  const { data } = await next.acceptJoin();
  assert.deepEqual(data, { room: "chat:1" });
  await joining;
});

for (
  const [what, frame] of [
    ["the broker is not available", (id: number) => errorFrame(id, 11)],
    ["the rate is limited", (id: number) => {
      return errorFrame(id, 9, { limit: "maxRate", value: 1 });
    }],
    ["the server has failed", (id: number) => errorFrame(id, 6)],
  ] as const
) {
  Deno.test(`a rejoin is repeated later if ${what}`, async () => {
    await using parts = await startInRoom({ position: "e.3" });
    const { server, connection, peer, room, seen } = parts;
    room.onLeft(() => assert.fail("the room ended"));
    peer.close();
    const next = await server.next();
    next.send(frame((await next.next("join")).id));
    await next.settled(connection);
    const { data } = await next.acceptJoin({ recovered: true });
    assert.equal(data.since, "e.3");
    next.message("chat:1", "e.4");
    await next.settled(connection);
    assert.deepEqual(seen, ["e.4"]);
  });
}

Deno.test("an error that the application of the server throws refuses a rejoin", async () => {
  await using parts = await startInRoom();
  const { server, connection, peer, room } = parts;
  const reasons: unknown[] = [];
  room.onLeft(({ reason }) => void reasons.push(reason));
  peer.close();
  const next = await server.next();
  const data = applicationData("banned", "You are banned", undefined);
  next.send(errorFrame((await next.next("join")).id, 6, data));
  await next.settled(connection);
  assert.deepEqual(reasons, ["refused"]);
});

Deno.test("leaving while the client is not connected leaves without a request", async () => {
  await using parts = await startInRoom();
  const { server, connection, peer, room } = parts;
  const left: Promise<void>[] = [];
  connection.onState(({ state }) => {
    if (state === "waiting") left.push(room.leave());
  });
  peer.close();
  const next = await server.next();
  await next.settled(connection);
  await Promise.all(left);
  assert.equal(left.length, 1);
  assert.deepEqual(next.actions, ["operation"]);
});

Deno.test("a lost connection ends a leave, and the client does not return", async () => {
  await using parts = await startInRoom();
  const { server, connection, peer, room } = parts;
  const leaving = room.leave();
  await peer.next("leave");
  peer.close();
  await leaving;
  await (await server.next()).settled(connection);
});

Deno.test("a rejected token ends the rooms, and the next login has no secret", async () => {
  await using server = new RoomServer();
  const tokens = ["test", "old", "new"];
  const { answerLogin } = server;
  server.answerLogin = (login) =>
    login.token === "old" ? errorFrame(0, 3) : answerLogin(login);
  await using connection = createConnection(() => tokens.shift() ?? "none", {
    url: server.url,
    logger: new LogRecorder(),
    reconnect: FAST_RECONNECT,
  });
  const peer = await server.next();
  const room = connection.room("a");
  const ends: unknown[] = [];
  room.onLeft(({ reason }) => void ends.push(reason));
  await peer.admit(room.join(), { secret: SECRET });
  const pending = rejection(connection.room("b").join());
  await peer.next("join");
  using listener = connection.room("c").receive(() => {});
  assert(listener !== undefined);
  peer.close();
  const refused = await server.next();
  assert.deepEqual(
    [refused.login.token, refused.login.member],
    ["old", SECRET],
  );
  const next = await server.next();
  assert.deepEqual(
    [next.login.token, next.login.member],
    ["new", undefined],
  );
  const error = await pending;
  assert(error instanceof ConnectionClosedError);
  assert.match(error.message, /login rejected/);
  assert.deepEqual(ends, ["login"]);
  // A room that nobody has joined can be used, and the other rooms are not joined again.
  const again = connection.room("c").join();
  assert.equal((await next.acceptJoin()).data.room, "c");
  await again;
});

Deno.test("connection.reconnect() joins the rooms again, too", async () => {
  await using parts = await startInRoom({ position: "e.6" });
  const { server, connection } = parts;
  connection.reconnect();
  const next = await server.next();
  const { data } = await next.acceptJoin({ recovered: true });
  assert.equal(data.since, "e.6");
  await next.settled(connection);
});
