/** Joining and leaving rooms, against a server whose frames the tests write. */

import assert from "node:assert/strict";
import { createConnection } from "../../client.ts";
import {
  ConnectionClosedError,
  FeatureError,
  HoistError,
  ResponseError,
} from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { errorFrame, successFrame } from "../support/fake_server.ts";
import {
  connectToRooms,
  RoomServer,
  startRooms,
} from "../support/room_server.ts";
import { endOfTick } from "../support/timing.ts";

Deno.test("a listener that is registered before the join receives every message in order", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const seen: unknown[] = [];
  const ids: unknown[] = [];
  room.receive("say", ({ name, data, room, from, position }) => {
    seen.push([name, data, room, from, position]);
  });
  room.receive((message) => void ids.push(message.id));
  const joining = room.join({ last: 2, presence: { name: "Ada" } });
  const join = await peer.next("join");
  assert.deepEqual(join.data, {
    room: "chat:1",
    last: 2,
    presence: { name: "Ada" },
  });
  peer.joined(join, { position: "e.2", missed: 2 });
  peer.message("chat:1", "e.1", { data: { n: 1 }, from: "bob" });
  peer.message("chat:1", "e.2", { data: { n: 2 }, id: 8 });
  assert.deepEqual(await joining, { recovered: null, missed: 2 });
  await peer.settled(connection);
  assert.deepEqual(seen, [
    ["say", { n: 1 }, "chat:1", "bob", "e.1"],
    ["say", { n: 2 }, "chat:1", null, "e.2"],
  ]);
  assert.deepEqual(ids, [7, 8]);
  assert.equal(room.position, "e.2");
  assert.equal(room.member, "ada");
});

Deno.test("sends only the options of a join that are not the defaults", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const options = [
    [{}, {}],
    [{ since: null, echo: true, members: true }, {}],
    [{ since: "e.7", last: undefined }, { since: "e.7" }],
    [{ echo: false, members: false, presence: false }, {
      ...{ echo: false, members: false, presence: false },
    }],
    [{ last: 0, presence: null }, { last: 0, presence: null }],
  ] as const;
  for (const [index, [given, sent]] of options.entries()) {
    const room = connection.room(`r${index}`);
    const joining = room.join(given);
    const { data } = await peer.acceptJoin({ recovered: true });
    assert.deepEqual(data, { room: `r${index}`, ...sent });
    await joining;
  }
});

Deno.test("rejects invalid options and sends nothing", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const cases: readonly [object, RegExp][] = [
    [{ sinc: "e.1" }, /unknown option 'sinc'. Did you mean 'since'\?/],
    [{ since: "e 1" }, /'since' must be a position of this room/],
    [{ since: "x".repeat(65) }, /'since' must be a position/],
    [{ since: "e.1", last: 1 }, /'since' and 'last' cannot be combined/],
    [{ last: 1_001 }, /'last' must be a whole number of messages from 0 to/],
    [{ echo: 1 }, /'echo' must be true or false/],
    [{ onGap: 1 }, /'onGap' must be a function/],
    [{ presence: 1 }, /must be a JSON object/],
    [{ presence: { text: "x".repeat(4_096) } }, /at most 4096 bytes/],
  ];
  for (const [options, message] of cases) {
    assert.match((await rejection(room.join(options))).message, message);
  }
  assert.throws(() => connection.room(""), RangeError);
  assert.throws(() => connection.room("x".repeat(201)), RangeError);
  assert.throws(() => connection.room(1 as never), TypeError);
  await peer.settled(connection);
  assert.deepEqual(peer.actions, ["operation"]);
});

Deno.test("several callers share one join, and the last one leaves", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const one = connection.room("chat:1");
  using _listener = one.receive(() => {});
  const joins = [one.join({ last: 5 })];
  // The room is in use now, so every caller gets the same object.
  const other = connection.room("chat:1");
  assert.equal(other, one);
  joins.push(other.join(), other.join({ last: 5, echo: true }));
  await peer.acceptJoin({ missed: 3 });
  for (const result of await Promise.all(joins)) {
    assert.deepEqual(result, { recovered: null, missed: 3 });
  }
  await one.leave();
  await other.leave();
  await peer.settled(connection);
  assert.deepEqual(peer.actions, ["join", "operation"]);
  const leaving = one.leave();
  await peer.acceptLeave();
  await leaving;
  // Further calls have no effect.
  await one.leave();
  await peer.settled(connection);
  assert.deepEqual(peer.actions, ["join", "operation", "leave", "operation"]);
  await peer.admit(one.join());
});

Deno.test("a caller cannot contradict the options of another caller", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const joining = room.join({ last: 5, presence: { a: 1 } });
  for (
    const [option, options] of Object.entries({
      last: { last: 6 },
      since: { since: "e.1" },
      echo: { echo: false },
      members: { members: false },
      presence: { presence: { a: 2 } },
    })
  ) {
    const error = await rejection(room.join(options));
    assert(error instanceof TypeError);
    assert.match(error.message, new RegExp(`another value of '${option}'`));
  }
  await peer.acceptJoin();
  await joining;
  // The calls that failed do not count.
  const leaving = room.leave();
  await peer.acceptLeave();
  await leaving;
});

Deno.test("join, leave and join in one turn stay in the room", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const seen: unknown[] = [];
  const mount = () => {
    const listener = room.receive(({ position }) => void seen.push(position));
    const joined = room.join({ last: 1 });
    return () => {
      listener[Symbol.dispose]();
      return Promise.all([joined, room.leave()]);
    };
  };
  const unmounted = mount()();
  const unmount = mount();
  const join = await peer.next("join");
  peer.joined(join, { missed: 1 });
  peer.message("chat:1", "e.1");
  await unmounted;
  // Again, while the client is in the room.
  const again = unmount();
  mount();
  peer.message("chat:1", "e.2");
  await again;
  await peer.settled(connection);
  assert.deepEqual(seen, ["e.1", "e.2"]);
  assert.deepEqual(peer.actions, ["join", "operation"]);
});

Deno.test("a caller that leaves while the join is pending leaves after the answer", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const seen: unknown[] = [];
  using _listener = room.receive(({ position }) => void seen.push(position));
  const joining = room.join();
  const join = await peer.next("join");
  const leaving = room.leave();
  await endOfTick();
  peer.joined(join);
  peer.message("chat:1", "e.2");
  await peer.acceptLeave();
  await Promise.all([joining, leaving]);
  await peer.settled(connection);
  assert.deepEqual(seen, []);
  // The next join is a new one.
  await peer.admit(room.join());
});

Deno.test("a join with other options follows after the client has left", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const first = room.join({ last: 1 });
  const left = room.leave();
  const second = room.join({ last: 2 });
  await peer.acceptJoin({ missed: 1 });
  await peer.acceptLeave();
  const { data } = await peer.acceptJoin({ missed: 2 });
  assert.equal(data.last, 2);
  assert.deepEqual((await first).missed, 1);
  assert.deepEqual((await second).missed, 2);
  await left;
});

Deno.test("a join that the server refuses can be tried again", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const joins = [room.join(), room.join()].map(rejection);
  peer.send(errorFrame((await peer.next("join")).id, 10));
  for (const error of await Promise.all(joins)) {
    assert(error instanceof ResponseError);
    assert.match(error.message, /^Cannot finish the join of room "chat:1":/);
  }
  await peer.admit(room.join());
  const leaving = room.leave();
  await peer.acceptLeave();
  await leaving;
});

for (
  const [name, data] of [
    ["a server of Hoist 1", null],
    ["a server without rooms", { features: ["cancel"] }],
  ] as const
) {
  Deno.test(`${name} fails the join`, async () => {
    await using server = new RoomServer();
    server.answerLogin = () => successFrame(0, null, data);
    const { connection } = await connectToRooms(server);
    for (const join of [connection.room("a").join(), connection.join("b")]) {
      const error = await rejection(join);
      assert(error instanceof FeatureError);
      assert.equal(error.feature, "rooms");
    }
    await connection.close();
  });
}

Deno.test("close() rejects the joins that wait, and every later one", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  const joining = rejection(room.join());
  const short = rejection(connection.join("chat:2"));
  await peer.next("join");
  await connection.close();
  for (const error of await Promise.all([joining, short])) {
    assert(error instanceof ConnectionClosedError);
    assert.equal(error.code, 1000);
  }
  const later = await rejection(connection.room("chat:3").join());
  assert(later instanceof ConnectionClosedError);
  await room.leave();
});

Deno.test("calls that nobody awaits do not end the program", async () => {
  await using parts = await startRooms({ reconnect: false });
  const { connection, peer } = parts;
  const room = connection.room("chat:1");
  void room.join();
  void room.publish("say", {});
  void room.setPresence({});
  void connection.join("chat:2");
  await peer.next("join");
  peer.close(1011);
  await connection.closed;
  void room.leave();
  void connection.room("chat:3").join();
  await endOfTick();
});

Deno.test("the server can answer a join only with 'joined' for the same room", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const answers = [
    (id: number) => successFrame(id, null),
    (id: number) => successFrame(id, "left", { room: "chat:1" }),
    (id: number) =>
      successFrame(id, "joined", {
        ...{ room: "chat:2", position: null, recovered: null, missed: 0 },
        ...{ member: "m", connection: "c", publish: true },
      }),
  ];
  for (const answer of answers) {
    const joining = rejection(connection.room("chat:1").join());
    peer.send(answer((await peer.next("join")).id));
    const error = await joining;
    assert(error instanceof HoistError);
    assert.match(error.message, /an answer that does not belong to the/);
  }
});

Deno.test("a room ends when the server removes the client", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  for (const reason of ["removed", "closed"]) {
    const room = connection.room("chat:1");
    const ends: unknown[] = [];
    room.receive(() => assert.fail("received"));
    room.onLeft((end) => void ends.push(end));
    await peer.admit(room.join());
    peer.send(successFrame(null, "left", { room: "chat:1", reason }));
    await peer.settled(connection);
    assert.deepEqual(ends, [{ reason }]);
    assert.match((await rejection(room.join())).message, /no longer in the/);
    assert.throws(() => room.receive(() => {}), HoistError);
    await room.leave();
    assert.equal(room.members.size, 0);
    assert.notEqual(connection.room("chat:1"), room);
  }
});

Deno.test("`await using` leaves the room and removes its listeners", async () => {
  await using parts = await startRooms();
  const { connection, peer } = parts;
  const seen: unknown[] = [];
  for (const n of [1, 2]) {
    const joining = connection.join("chat:1");
    await peer.acceptJoin();
    let left: Promise<void>;
    {
      await using room = await joining;
      room.receive(({ position }) => void seen.push([n, position]));
      await Promise.resolve();
      peer.message("chat:1", `e.${n}`);
      await peer.settled(connection);
      left = peer.acceptLeave();
    }
    await left;
  }
  assert.deepEqual(seen, [[1, "e.1"], [2, "e.2"]]);
});

Deno.test("createConnection joins when it has connected", async () => {
  await using server = new RoomServer();
  await using connection = createConnection("test", { url: server.url });
  const joining = connection.room("chat:1").join();
  const call = connection.operation("add");
  const peer = await server.next();
  // The join comes before the requests that were called earlier or later.
  await peer.acceptJoin();
  await joining;
  const { id } = await peer.next("operation");
  peer.send(successFrame(id, null, { result: 1 }));
  assert.equal(await call, 1);
});

Deno.test("a client without reconnects uses rooms, too", async () => {
  await using server = new RoomServer();
  const { connection, peer } = await connectToRooms(server, {
    reconnect: false,
  });
  const room = connection.room("chat:1");
  const ends: unknown[] = [];
  room.onLeft(({ reason }) => void ends.push(reason));
  await peer.admit(room.join());
  peer.close(1011);
  await connection.closed;
  assert.deepEqual(ends, ["connection"]);
});
