/** Rooms, with the client and the server of this package. */

import assert from "node:assert/strict";
import type { Connection } from "../../client/connection.ts";
import { ErrorCode, ResponseError } from "../../common/errors.ts";
import type { ServeOptions, Server } from "../../server.ts";
import { rejection } from "../support/errors.ts";
import { connectReconnecting, StateRecorder } from "../support/reconnecting.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

/** Starts a server with rooms in which every client can do everything. */
function serveRooms(options: ServeOptions = {}): Server {
  const server = serveQuietly(options);
  server.defineRoom("chat:{id}", {
    history: { size: 100 },
    authorize: (_client, { params }) => params.id !== "secret",
    publish: true,
    presence: (_client, claimed) => claimed === null ? {} : claimed,
  });
  return server;
}

/** Connects a client that waits for a reconnect. */
function connectRooms(server: Server): Promise<Connection> {
  return connectReconnecting(server, { maxQueue: 10 });
}

/** Loses the connection, and waits until the client is connected again. */
async function cut(connection: Connection): Promise<void> {
  const states = new StateRecorder(connection);
  connection.reconnect();
  await states.next("open");
}

/** Waits until the server has answered everything that was sent before. */
async function barrier(connection: Connection): Promise<void> {
  await connection.message("barrier");
}

Deno.test("members of a room receive the messages of each other in order", async () => {
  await using server = serveRooms();
  await using ada = await connectRooms(server);
  await using bob = await connectRooms(server);
  const seen: unknown[] = [];
  const received = Promise.withResolvers<void>();
  const room = ada.room("chat:1");
  room.receive("say", ({ from, data }) => {
    seen.push([from, data.n]);
    if (seen.length === 3) received.resolve();
  });
  await room.join({ presence: { name: "Ada" } });
  await using other = await bob.join("chat:1", { presence: { name: "Bob" } });
  for (const n of [1, 2]) await other.publish("say", { n });
  await room.publish("say", { n: 3 });
  await received.promise;
  assert.deepEqual(seen, [
    [other.member, 1],
    [other.member, 2],
    [room.member, 3],
  ]);
  assert.equal(other.count, 2);
  assert.deepEqual(other.members.get(room.member ?? "")?.presence, {
    name: "Ada",
  });
});

Deno.test("a client that was away receives what it missed before anything later", async () => {
  await using server = serveRooms();
  await using ada = await connectRooms(server);
  const room = ada.room("chat:1");
  const seen: unknown[] = [];
  room.receive(({ data }) => void seen.push(data.n));
  room.onGap(() => assert.fail("a gap"));
  await room.join();
  const publish = (n: number) => server.room("chat:1").broadcast("say", { n });
  await publish(1);
  await barrier(ada);
  const states = new StateRecorder(ada);
  ada.reconnect();
  await publish(2);
  await publish(3);
  await states.next("open");
  await publish(4);
  await room.publish("say", { n: 5 });
  await barrier(ada);
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
});

Deno.test("`last` and `since` send the history, and keep it for a late listener", async () => {
  await using server = serveRooms();
  await using ada = await connectRooms(server);
  for (const n of [1, 2, 3]) {
    await server.room("chat:1").broadcast("say", { n });
  }
  const read = async (options: object) => {
    await using room = await ada.join("chat:1", options);
    const seen: [number, string][] = [];
    await barrier(ada);
    room.receive(({ data, position }) => {
      seen.push([Number(data.n), position ?? ""]);
    });
    await Promise.resolve();
    return seen;
  };
  const all = await read({ last: 2 });
  assert.deepEqual(all.map(([n]) => n), [2, 3]);
  const after = await read({ since: all[0]![1] });
  assert.deepEqual(after.map(([n]) => n), [3]);
  assert.deepEqual(await read({}), []);
});

Deno.test("a room that nobody is allowed to join cannot be told from one that does not exist", async () => {
  await using server = serveRooms();
  await using ada = await connectRooms(server);
  const messages = [];
  for (const name of ["chat:secret", "chat:", "lobby"]) {
    const error = await rejection(ada.room(name).join());
    assert(error instanceof ResponseError);
    assert.equal(error.code, ErrorCode.FORBIDDEN);
    messages.push(error.message.replace(name, ""));
  }
  assert.equal(new Set(messages).size, 1);
});

Deno.test("a client keeps its id and its presence over a reconnect, and a new one has another", async () => {
  await using server = serveRooms();
  await using ada = await connectRooms(server);
  const room = ada.room("chat:1");
  await room.join({ presence: { name: "Ada" } });
  const { member } = room;
  await cut(ada);
  await barrier(ada);
  assert.equal(room.member, member);
  assert.deepEqual(server.room("chat:1").members().map(({ id }) => id), [
    member,
  ]);
  await using other = await connectTo(server);
  await using again = await other.join("chat:1");
  assert.notEqual(again.member, member);
});

Deno.test("a history that began anew is a gap", async () => {
  await using server = serveRooms();
  await using ada = await connectRooms(server);
  const room = ada.room("chat:1");
  const seen: unknown[] = [];
  room.receive(({ data }) => void seen.push(data.n));
  await room.join({ onGap: ({ reason }) => seen.push(reason) });
  await server.room("chat:1").broadcast("say", { n: 1 });
  await barrier(ada);
  const states = new StateRecorder(ada);
  ada.reconnect();
  await server.room("chat:1").clear();
  await server.room("chat:1").broadcast("say", { n: 2 });
  await states.next("open");
  await barrier(ada);
  assert.deepEqual(seen, [1, "epoch", 2]);
});

Deno.test("a repeated key is published once", async () => {
  await using server = serveRooms();
  await using ada = await connectRooms(server);
  const seen: unknown[] = [];
  await using room = await ada.join("chat:1");
  room.receive(({ data }) => void seen.push(data.n));
  const first = await room.publish("say", { n: 1 }, { key: "k" });
  const second = await room.publish("say", { n: 2 }, { key: "k" });
  assert.deepEqual(second, { position: first.position, duplicate: true });
  await barrier(ada);
  assert.deepEqual(seen, [1]);
});

Deno.test("a client without echo does not receive its own messages, also after a reconnect", async () => {
  await using server = serveRooms();
  await using ada = await connectRooms(server);
  await using bob = await connectRooms(server);
  const room = ada.room("chat:1");
  room.receive(() => assert.fail("received"));
  await room.join({ echo: false });
  await using other = await bob.join("chat:1");
  let heard = 0;
  other.receive(() => void heard++);
  await room.publish("say");
  await cut(ada);
  await room.publish("say");
  await Promise.all([barrier(ada), barrier(bob)]);
  assert.equal(heard, 2);
});

Deno.test("a server puts a client into a room, and connection.receive gets its messages", async () => {
  await using server = serveRooms();
  await using ada = await connectRooms(server);
  const seen: unknown[] = [];
  ada.receive(({ room, data }) => void seen.push([room, data.n]));
  const [client] = server.clients;
  await client?.join("chat:1");
  await server.room("chat:1").broadcast("say", { n: 1 });
  await server.broadcast("say", { n: 2 });
  await barrier(ada);
  await client?.leave("chat:1");
  await server.room("chat:1").broadcast("say", { n: 3 });
  await barrier(ada);
  assert.deepEqual(seen, [["chat:1", 1], [undefined, 2]]);
});

Deno.test("the server removes a client from its room", async () => {
  await using server = serveRooms();
  await using ada = await connectRooms(server);
  const room = ada.room("chat:1");
  const ends: unknown[] = [];
  room.onLeft(({ reason }) => void ends.push(reason));
  await room.join();
  await server.clients.values().next().value?.leave("chat:1");
  await barrier(ada);
  assert.deepEqual(ends, ["removed"]);
});
