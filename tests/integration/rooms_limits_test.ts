/** The limits of rooms, at the limit and beyond. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/codes.ts";
import { ReadBudget } from "../../server/read_budget.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RoomPeer } from "../support/room_peer.ts";
import { serveQuietly } from "../support/server.ts";
import { endOfTick, gate } from "../support/timing.ts";

const MAX_ROOMS = 128;

const TOO_MANY = { limit: "maxRooms", value: MAX_ROOMS };

Deno.test("a client can be in 128 rooms", async () => {
  await using server = serveQuietly();
  server.defineRoom("{n}", { authorize: () => true });
  using ada = await RoomPeer.open(server);
  for (let n = 1; n <= MAX_ROOMS; n++) await ada.join(`${n}`);
  const { code, data } = await ada.ask("join", { room: "more" });
  assert.deepEqual([code, data], [ErrorCode.LIMIT_EXCEEDED, TOO_MANY]);
  // The answer must not show which rooms exist.
  const { code: other } = await ada.ask("join", { room: "not:defined" });
  assert.equal(other, ErrorCode.LIMIT_EXCEEDED);
  await ada.join("5");
  await ada.ask("leave", { room: "5" });
  await ada.join("more");
  assert.equal((await ada.ask("join", { room: "5" })).code, 9);
  const [client] = server.clients;
  assert.equal(client?.rooms.length, MAX_ROOMS);
  await client.join("5");
  assert.equal(client.rooms.length, MAX_ROOMS + 1);
});

Deno.test("joins that wait for a decision count for the 128 rooms, and each once", async () => {
  const deciding = gate();
  await using server = serveQuietly();
  server.defineRoom("{n}", {
    authorize: async () => {
      await deciding.opened;
      return true;
    },
  });
  server.defineRoom("now:{n}", { authorize: () => true });
  using ada = await RoomPeer.open(server);
  await ada.join("now:1");
  const pending = [];
  for (let n = 1; n < MAX_ROOMS; n++) {
    pending.push(await ada.send("join", { room: `${n}` }));
  }
  assert.equal((await ada.ask("join", { room: "now:2" })).code, 9);
  // The room counts already.
  await ada.join("now:1");
  deciding.open();
  for (const id of pending) assert.equal((await ada.answer(id)).code, 0);
  assert.equal([...server.clients][0]?.rooms.length, MAX_ROOMS);
  assert.equal((await ada.ask("join", { room: "now:2" })).code, 9);
  await ada.join("1");
});

Deno.test("a client has at most 128 decisions in progress, also if it leaves", async () => {
  let calls = 0;
  await using server = serveQuietly();
  server.defineRoom("a", {
    authorize: () => {
      calls++;
      return new Promise(() => {});
    },
  });
  using ada = await RoomPeer.open(server);
  for (let n = 0; n < MAX_ROOMS; n++) {
    const joining = await ada.send("join", { room: "a" });
    await ada.ask("leave", { room: "a" });
    assert.equal((await ada.answer(joining)).code, ErrorCode.INVALID_ACTION);
  }
  assert.equal((await ada.ask("join", { room: "a" })).code, 9);
  assert.equal(calls, MAX_ROOMS);
});

Deno.test("joins that a later join has replaced do not count", async () => {
  let decide: ((decision: boolean) => void) | undefined;
  await using server = serveQuietly();
  server.defineRoom("a", {
    // Each second join is decided at once, and before it the first one.
    authorize: () => {
      const isSecond = decide !== undefined;
      decide?.(true);
      decide = undefined;
      return isSecond || new Promise<boolean>((resolve) => decide = resolve);
    },
  });
  server.defineRoom("b", { authorize: () => true });
  using ada = await RoomPeer.open(server);
  for (let n = 0; n < MAX_ROOMS; n++) {
    const first = await ada.send("join", { room: "a", members: false });
    const second = await ada.send("join", { room: "a", members: false });
    assert.equal((await ada.answer(first)).code, ErrorCode.INVALID_ACTION);
    assert.equal((await ada.answer(second)).message, "joined");
  }
  await ada.join("b");
});

Deno.test("the name of a room has 1 to 200 bytes", async () => {
  await using server = serveQuietly();
  server.defineRoom("{name}", { authorize: () => true });
  using ada = await RoomPeer.open(server);
  const longest = "ö".repeat(100);
  for (const name of ["x", longest]) {
    await ada.join(name);
    server.room(name);
  }
  const [client] = server.clients;
  for (const name of ["", `${longest}x`]) {
    const { code } = await ada.ask("join", { room: name });
    assert.equal(code, ErrorCode.INVALID_CONTENT);
    assert.throws(() => server.room(name), RangeError);
    await assert.rejects(client!.join(name), RangeError);
  }
});

Deno.test("a join reads at most 1,000 messages", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", {
    authorize: () => true,
    history: { size: 10_000 },
  });
  using ada = await RoomPeer.open(server);
  const { position: since } = await ada.join("a", { members: false });
  const room = server.room("a");
  for (let n = 1; n <= 1_000; n++) void room.broadcast("n", { n });
  await ada.take(1_000);
  using bob = await RoomPeer.open(server);
  const joined = await bob.join("a", { since });
  assert.deepEqual([joined.recovered, joined.missed], [true, 1_000]);
  await room.broadcast("n", { n: 1_001 });
  using eve = await RoomPeer.open(server);
  const { recovered, reason, missed } = await eve.join("a", { since });
  assert.deepEqual([recovered, reason, missed], [false, "limit", 1_000]);
  const events = await eve.take(1_000);
  assert.deepEqual([events[0].data, events[999].data], [{ n: 2 }, {
    n: 1_001,
  }]);
  assert.equal((await eve.join("a", { last: 1_000 })).missed, 1_000);
  const { code } = await eve.ask("join", { room: "a", last: 1_001 });
  assert.equal(code, ErrorCode.INVALID_CONTENT);
});

Deno.test("a join reads at most 1 MiB of history", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", {
    authorize: () => true,
    history: { size: 100, maxBytes: Infinity },
  });
  using ada = await RoomPeer.open(server);
  const { position: since } = await ada.join("a", { members: false });
  const room = server.room("a");
  const x = "x".repeat(100_000);
  for (let n = 1; n <= 11; n++) {
    await room.broadcast("n", { n, x });
    using bob = await RoomPeer.open(server);
    const { recovered, missed } = await bob.join("a", { since });
    assert.deepEqual([recovered, missed], n <= 10 ? [true, n] : [false, 10]);
  }
});

Deno.test("the key of a message has at most 64 characters", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", { authorize: () => true, publish: true });
  using ada = await RoomPeer.open(server);
  await ada.join("a");
  const publish = (key: unknown) =>
    ada.ask("publish", { room: "a", message: "m", data: {}, key });
  assert.equal((await publish("k".repeat(64))).code, 0);
  for (const key of ["k".repeat(65), "", "ö", "\n", 1, null]) {
    assert.equal((await publish(key)).code, ErrorCode.INVALID_CONTENT);
  }
  const broadcast = (key: string) =>
    server.room("a").broadcast("m", {}, { key });
  await broadcast("k".repeat(64));
  for (const key of ["k".repeat(65), "ö", "\n"]) {
    await assert.rejects(broadcast(key), {
      name: "RangeError",
      message: /'key' must be 1 to 64 printable characters of ASCII/,
    });
  }
  await assert.rejects(broadcast(""), TypeError);
  await assert.rejects(broadcast(1 as never), TypeError);
});

Deno.test("a client learns that its message is too large for the members", async () => {
  const logger = new LogRecorder();
  const maxBuffered = 65_536;
  const limits = { maxBuffered, maxPayload: 2 * maxBuffered };
  await using server = serveQuietly({ limits, logger });
  server.defineRoom("a", { authorize: () => true, publish: true });
  using ada = await RoomPeer.open(server);
  await ada.join("a");
  const publish = (length: number) => {
    const data = { x: "x".repeat(length) };
    return ada.ask("publish", {
      room: "a",
      message: "m",
      data,
      key: `${length}`,
    });
  };
  const { code, data } = await publish(maxBuffered);
  assert.equal(code, ErrorCode.LIMIT_EXCEEDED);
  assert.deepEqual(data, { limit: "maxBuffered", value: maxBuffered });
  assert.equal((await publish(maxBuffered - 3_000)).code, 0);
  assert.equal(logger.lines.some((line) => line.startsWith("error")), false);
});

Deno.test("what a client reads counts, and a client that has read too much waits", async () => {
  const { take, wait } = ReadBudget.prototype;
  const taken: number[] = [];
  let waiting: Promise<void> | undefined;
  ReadBudget.prototype.take = function (units) {
    taken.push(units);
    take.call(this, units);
  };
  ReadBudget.prototype.wait = async function (isThere) {
    await waiting;
    return await wait.call(this, isThere);
  };
  try {
    await using server = serveQuietly();
    server.defineRoom("a", {
      ...{ authorize: () => true, history: { size: 9 }, presence: () => ({}) },
    });
    await server.room("a").broadcast("n", { x: "x".repeat(10_000) });
    using ada = await RoomPeer.open(server);
    const { members } = await ada.join("a", { last: 9 });
    await ada.take(1);
    const list = JSON.stringify(members).length;
    assert.equal(taken[0], list);
    assert(taken[1]! > 10_000 && taken[1]! < 11_000);
    await ada.ask("members", { room: "a" });
    assert.deepEqual(taken.slice(2), [list]);
    const held = gate();
    waiting = held.opened;
    const ids = [
      await ada.send("members", { room: "a" }),
      await ada.send("join", { room: "a" }),
    ];
    const left = await ada.ask("leave", { room: "none" });
    assert.equal(left.message, "left");
    assert.equal(taken.length, 3);
    held.open();
    for (const id of ids) assert.equal((await ada.answer(id)).code, 0);
  } finally {
    Object.assign(ReadBudget.prototype, { take, wait });
  }
});

Deno.test("a slow client in 128 rooms full of history can join, and stays connected", async () => {
  const maxBuffered = 131_072;
  await using server = serveQuietly({ limits: { maxBuffered } });
  server.defineRoom("{n}", { authorize: () => true, history: { size: 50 } });
  // 128 rooms have 12 MiB, far more than the buffers of the operating system.
  const x = "x".repeat(8_000);
  for (let n = 0; n < MAX_ROOMS; n++) {
    const room = server.room(`${n}`);
    for (let i = 0; i < 12; i++) await room.broadcast("n", { n, i, x });
  }
  using ada = await RoomPeer.open(server);
  const ids: number[] = [];
  for (let n = 0; n < MAX_ROOMS; n++) {
    ids.push(await ada.send("join", { room: `${n}`, last: 50 }));
  }
  // Nothing is read while the server sends as much as it can.
  for (let turn = 0; turn < 1_000; turn++) await endOfTick();
  const [client] = server.clients;
  assert.notEqual(client, undefined);
  for (const [n, id] of ids.entries()) {
    assert.equal((await ada.answer(id)).data.missed, 12);
    // One room after the other.
    for (const { room } of await ada.take(12)) assert.equal(room, `${n}`);
  }
  assert.deepEqual([...server.clients], [client]);
  await ada.assertQuiet();
});
