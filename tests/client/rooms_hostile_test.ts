/** Servers that lie about rooms. Nothing grows without a limit, and few lines are logged. */

import assert from "node:assert/strict";
import { debug } from "../../client.ts";
import { errorFrame, successFrame } from "../support/fake_server.ts";
import type { LogRecorder } from "../support/log_recorder.ts";
import { startRooms } from "../support/room_server.ts";
import { settlesAtOnce } from "../support/timing.ts";

/** Starts a client that is in a room, and records what it gets. */
async function startInRoom() {
  const parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const events: unknown[] = [];
  room.receive(({ position }) => void events.push(position));
  room.onGap(({ reason }) => void events.push(reason));
  room.onMembers(() => void events.push("members"));
  room.onLeft(({ reason }) => void events.push(reason));
  await peer.admit(room.join());
  return { ...parts, room, events };
}

function warnings({ lines }: LogRecorder): string[] {
  return lines.filter((line) => /^(warn|error)/.test(line));
}

Deno.test("frames about unknown rooms are ignored with one line", async () => {
  await using parts = await startInRoom();
  const { connection, peer, logger, events } = parts;
  for (let n = 0; n < 100; n++) {
    peer.message(`other:${n}`, "e.1");
    peer.gap(`other:${n}`, "e.1");
    const room = `other:${n}`;
    const change = { room, join: [], leave: [], count: 0 };
    peer.send(successFrame(null, "presence", change));
    peer.send(successFrame(null, "left", { room, reason: "closed" }));
  }
  await peer.settled(connection);
  assert.equal(events.length, 0);
  const lines = warnings(logger);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /ignored a frame about a room that this client is/);
});

const ROOM = { room: "chat:1" };
const MESSAGE = {
  ...ROOM,
  ...{ position: "e.2", from: null, message: "say", data: {} },
  ...{ replying: null, id: 1 },
};
const CHANGE = { ...ROOM, join: [], leave: [], count: 1 };
const ENTRY = { member: "a", connection: "b" };

for (
  const [kind, data] of [
    ["r_newmsg", { ...MESSAGE, position: "x".repeat(65) }],
    ["r_newmsg", { ...MESSAGE, position: 1 }],
    ["r_newmsg", { ...MESSAGE, from: {} }],
    ["r_newmsg", { ...MESSAGE, data: [] }],
    ["r_newmsg", { ...MESSAGE, room: "x".repeat(201) }],
    ["gap", { ...ROOM, position: "e 1", reason: "slow" }],
    ["gap", { ...ROOM, position: "e.1", reason: "lazy" }],
    ["presence", { ...CHANGE, count: -1 }],
    ["presence", { ...CHANGE, join: [{ ...ENTRY, presence: "x" }] }],
    ["presence", { ...CHANGE, join: [{ member: "a" }] }],
    ["presence", { ...CHANGE, leave: [1] }],
    ["presence", null],
    ["left", ROOM],
    ["left", { ...ROOM, reason: "bored" }],
    ["joined", ROOM],
  ] as const
) {
  const shown = `${kind} ${JSON.stringify(data)}`.slice(0, 70);
  Deno.test(`an invalid frame is ignored: ${shown}`, async () => {
    await using parts = await startInRoom();
    const { connection, peer, room, logger, events } = parts;
    peer.send(successFrame(null, kind, data));
    await peer.settled(connection);
    assert.equal(events.length, 0);
    assert.equal(room.position, "e.1");
    assert.match(warnings(logger).join("\n"), /^warn .*not of Hoist 1$/);
  });
}

Deno.test("an invalid answer ends its request, and the room can be joined again", async () => {
  await using parts = await startRooms();
  const { connection, logger, peer } = parts;
  const room = connection.room("chat:1");
  let failures = 0;
  const assertFailed = async (request: Promise<unknown>, message: RegExp) => {
    assert(await settlesAtOnce(request));
    await assert.rejects(request, { message });
    assert.equal(warnings(logger).length, ++failures);
  };
  const unfinished =
    /^Cannot finish .*: the server sent an answer that .*invalid/;
  for (const data of [null, ROOM, { ...ROOM, position: 1 }]) {
    const joining = room.join();
    const { id } = await peer.next("join");
    peer.send(successFrame(id, "joined", data));
    await assertFailed(joining, unfinished);
  }
  await peer.admit(room.join());
  const publishing = room.publish("say", {});
  const { id } = await peer.next("publish");
  peer.send(successFrame(id, "published", { position: 1, duplicate: false }));
  await assertFailed(
    publishing,
    /^It is unknown .*: the server sent an invalid/,
  );
  const calling = connection.operation("any");
  const call = await peer.next("operation");
  peer.send(JSON.stringify({ success: false, id: call.id }));
  await assertFailed(calling, unfinished);
  await peer.settled(connection);
  assert.equal(room.position, "e.1");
});

Deno.test("answers that nobody asked for have no effect", async () => {
  await using parts = await startInRoom();
  const { connection, peer, room, events } = parts;
  for (const id of [77, 78]) {
    peer.send(successFrame(id, "left", ROOM));
    peer.send(
      successFrame(id, "published", { position: "e.7", duplicate: false }),
    );
    peer.send(
      successFrame(id, "members", { list: [], count: 9, complete: true }),
    );
    peer.joined({ id, data: { room: "chat:2" } });
    peer.send(errorFrame(id, 10));
  }
  await peer.settled(connection);
  assert.equal(events.length, 0);
  assert.equal(room.position, "e.1");
  assert.equal(room.count, 0);
});

Deno.test("a flood of members is limited, and logged with one line", async () => {
  await using parts = await startInRoom();
  const { connection, peer, room, logger } = parts;
  for (let round = 0; round < 12; round++) {
    const join = Array.from({ length: 1_000 }, (_, n) => ({
      member: `m-${round}-${n}`,
      connection: `c-${round}-${n}`,
    }));
    peer.send(successFrame(null, "presence", { ...CHANGE, join }));
  }
  await peer.settled(connection);
  assert.equal(room.members.size, 10_000);
  assert.equal(room.isComplete, false);
  const lines = warnings(logger);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /ignored a part of the members of a room/);
});

Deno.test("a server puts a client into a limited number of rooms", async () => {
  await using parts = await startInRoom();
  const { connection, peer, logger } = parts;
  const seen: unknown[] = [];
  connection.receive(({ room }) => void seen.push(room));
  for (let n = 0; n <= 10_000; n++) peer.joined(`r${n}`);
  peer.message("r9999", null);
  peer.message("r10000", null);
  await peer.settled(connection);
  assert.deepEqual(seen, ["r9999"]);
  const lines = warnings(logger);
  assert.match(lines[0]!, /put this client into more than 10000 rooms/);
  assert.match(lines[1]!, /ignored a frame about a room/);
  assert.equal(lines.length, 2);
});

Deno.test("a gap of a room into which the server has put the client is logged", async () => {
  await using parts = await startInRoom();
  const { connection, peer, logger, events } = parts;
  peer.joined("staff");
  peer.gap("staff", "e.4");
  await peer.settled(connection);
  assert.equal(events.length, 0);
  assert.match(warnings(logger).join(), /messages of room "staff" are missing/);
});

Deno.test("frames that arrive while the client leaves are not logged", async () => {
  await using parts = await startInRoom();
  const { connection, peer, room, logger, events } = parts;
  const leaving = room.leave();
  const { id } = await peer.next("leave");
  peer.message("chat:1", "e.2");
  peer.gap("chat:1", "e.3");
  peer.send(successFrame(id, "left", ROOM));
  await leaving;
  await peer.settled(connection);
  assert.equal(events.length, 0);
  assert.deepEqual(warnings(logger), []);
});

Deno.test("no line contains the secret of the member", async () => {
  using _debugging = debug();
  await using parts = await startRooms();
  const { server, connection, peer, logger } = parts;
  const secret = "abcdefghijklmnopqrstuv";
  await peer.admit(connection.room("chat:1").join(), { secret });
  peer.close();
  const next = await server.next();
  assert.equal(next.login.member, secret);
  await next.acceptJoin({ secret, recovered: true });
  await next.settled(connection);
  assert.match(logger.lines.join("\n"), /"joined"/);
  assert.doesNotMatch(logger.lines.join("\n"), new RegExp(secret));
});
