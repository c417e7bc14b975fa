/** Rooms whose members are on several servers: messages, identities and recovery. */

import assert from "node:assert/strict";
import type { Connection } from "../../client/connection.ts";
import type { ClientRoom } from "../../client/room.ts";
import type { Server } from "../../server.ts";
import { connectReconnecting, StateRecorder } from "../support/reconnecting.ts";
import { Servers } from "../support/servers.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { until } from "../support/timing.ts";

function defineRooms(server: Server): void {
  server.defineRoom("chat:{id}", {
    history: { size: 100 },
    authorize: () => true,
    publish: true,
  });
  server.defineRoom("plain", { authorize: () => true, publish: true });
}

/** Joins a room, and records its messages. */
async function join(
  connection: Connection,
  name = "chat:1",
): Promise<{ room: ClientRoom; seen: unknown[] }> {
  const seen: unknown[] = [];
  const room = connection.room(name);
  room.receive("say", ({ data }) => void seen.push(data.n));
  await room.join();
  return { room, seen };
}

for (const name of ["chat:1", "plain"]) {
  Deno.test(`the members of ${name} on several servers get all messages in order`, async () => {
    await using servers = await Servers.start(3, {}, defineRooms);
    const rooms = [];
    for (const index of [0, 1, 2]) {
      rooms.push(await join(await servers.connect(index), name));
    }
    for (let n = 0; n < 60; n++) await rooms[n % 3]!.room.publish("say", { n });
    await servers.at(1).room(name).broadcast("say", { n: 60 });
    const expected = Array.from({ length: 61 }, (_, n) => n);
    for (const { seen } of rooms) {
      await until(() => seen.length >= 61, "all messages arrived");
      assert.deepEqual(seen, expected);
    }
  });
}

Deno.test("a server without members in a room publishes to it, and reads its history", async () => {
  await using servers = await Servers.start(2, {}, defineRooms);
  const { seen } = await join(await servers.connect(0));
  await servers.at(1).room("chat:1").broadcast("say", { n: 1 });
  await until(() => seen.length === 1, "the message arrived");
  const history = await servers.at(1).room("chat:1").history();
  assert.deepEqual(history.map(({ data }) => data.n), [1]);
});

Deno.test("a client that reconnects to another server misses nothing, and stays the same", async () => {
  await using servers = await Servers.start(2, {}, defineRooms);
  await using proxy = new TcpProxy(servers.at(0));
  await using connection = await connectReconnecting(proxy);
  const { room, seen } = await join(connection);
  const gaps: unknown[] = [];
  room.onGap((gap) => void gaps.push(gap));
  const { member } = room;
  const states = new StateRecorder(connection);
  let n = 0;
  for (const target of [1, 0, 1, 1, 0]) {
    await servers.at(1 - target).room("chat:1").broadcast("say", { n: ++n });
    proxy.redirect(servers.at(target));
    proxy.cut();
    await servers.at(1 - target).room("chat:1").broadcast("say", { n: ++n });
    await states.next("open");
    await until(() => seen.length === n, "all messages arrived");
    assert.equal(servers.at(target).clients.size, 1);
  }
  assert.deepEqual(seen, Array.from({ length: n }, (_, index) => index + 1));
  assert.deepEqual(gaps, []);
  assert.equal(room.member, member);
});

Deno.test("a publication that is repeated on another server is stored once", async () => {
  await using servers = await Servers.start(2, {}, defineRooms);
  const { seen } = await join(await servers.connect(1));
  await using proxy = new TcpProxy(servers.at(0));
  await using connection = await connectReconnecting(proxy, { maxQueue: 10 });
  const { room } = await join(connection);
  for (let n = 0; n < 20; n++) {
    const publishing = room.publish("say", { n });
    proxy.redirect(servers.at(n % 2));
    if (n % 4 === 3) proxy.cut();
    await publishing;
  }
  await until(() => seen.length >= 20, "all messages arrived");
  assert.deepEqual(seen, Array.from({ length: 20 }, (_, n) => n));
});

Deno.test("a ledger counts the members on all servers", async () => {
  await using servers = await Servers.start(3, {}, defineRooms);
  for (const index of [0, 1, 1]) await join(await servers.connect(index));
  for (const server of servers.all) {
    const result = await server.room("chat:1")
      .broadcast("say", { n: 1 }, { ledger: true });
    assert.equal(result.delivered, 3);
    assert.deepEqual(result.silentNodes, []);
    assert.notEqual(result.position, null);
  }
  servers.node(1).freeze();
  const result = await servers.at(0).room("chat:1")
    .broadcast("say", { n: 1 }, { ledger: true });
  assert.equal(result.delivered, 1);
  assert.deepEqual(result.silentNodes, [servers.at(1).cluster.id]);
  await servers.node(1).thaw();
});

Deno.test("a ledger of a repeated message counts nobody", async () => {
  await using servers = await Servers.start(2, {}, defineRooms);
  await join(await servers.connect(1));
  const broadcast = () =>
    servers.at(0).room("chat:1")
      .broadcast("say", { n: 1 }, { ledger: true, key: "a" });
  assert.equal((await broadcast()).delivered, 1);
  assert.equal((await broadcast()).delivered, 0);
});

Deno.test("members get what was published while their server was cut off", async () => {
  await using servers = await Servers.start(2, {}, defineRooms);
  const { room, seen } = await join(await servers.connect(0));
  const gaps: unknown[] = [];
  room.onGap((gap) => void gaps.push(gap));
  servers.node(0).cut();
  for (const n of [1, 2, 3]) {
    await servers.at(1).room("chat:1").broadcast("say", { n });
  }
  assert.deepEqual(seen, []);
  await servers.node(0).mend();
  await until(() => seen.length === 3, "the messages arrived");
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(gaps, []);
});

Deno.test("members learn that the engine has lost the history", async () => {
  await using servers = await Servers.start(2, {}, defineRooms);
  const { room, seen } = await join(await servers.connect(0));
  const gaps: unknown[] = [];
  room.onGap(({ reason }) => void gaps.push(reason));
  await servers.at(1).room("chat:1").broadcast("say", { n: 1 });
  await until(() => seen.length === 1, "the message arrived");
  servers.engine.stop();
  await servers.engine.wipe();
  await servers.engine.start();
  await until(() => gaps.length === 1, "the gap was reported");
  assert.deepEqual(gaps, ["epoch"]);
  await servers.at(1).room("chat:1").broadcast("say", { n: 2 });
  await until(() => seen.length === 2, "the next message arrived");
});
