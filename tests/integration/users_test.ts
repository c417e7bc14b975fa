/** Users: the clients that a login has named the same. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { LoginContext, ServeOptions, Server } from "../../server.ts";
import { captureRenewals } from "../support/renewals.ts";
import { rejection } from "../support/errors.ts";
import { RoomPeer } from "../support/room_peer.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

const HOUR = 3_600_000;

/** Starts a server whose tokens are names of users; `nobody` names none. */
function serveUsers(options: ServeOptions = {}): Server {
  return serveQuietly({
    login: (_server, token, context) => {
      if (token !== "nobody") context.setUser(token);
      context.expireAt(Date.now() + HOUR);
      return true;
    },
    ...options,
  });
}

/** Connects a client, and records the events that it receives. */
async function listen(server: Server, token: string) {
  const connection = await connect(token, { url: server.url });
  const events: unknown[] = [];
  connection.receive(({ name, data }) => void events.push([name, data]));
  /** Waits until everything that was sent before has arrived. */
  const settled = () => connection.operation("settle");
  return { connection, events, settled };
}

Deno.test("server.user() reaches all connections of a user, and no others", async () => {
  await using server = serveUsers();
  server.operation("settle", () => null);
  const ada = await listen(server, "ada");
  const tab = await listen(server, "ada");
  const bob = await listen(server, "bob");
  const nobody = await listen(server, "nobody");
  const all = [ada, tab, bob, nobody];
  assert.deepEqual(
    [...server.clients].map(({ user }) => user),
    ["ada", "ada", "bob", undefined],
  );
  const [first, second] = server.clients;
  assert.deepEqual([...server.user("ada").clients], [first, second]);
  assert.deepEqual(
    await server.user("ada").message("mail", { unread: 1 }),
    { delivered: 2, skipped: 0, replaced: 0, failed: 0, position: null },
  );
  await server.user("ada").message("bell");
  for (const { settled } of all) await settled();
  const received = [["mail", { unread: 1 }], ["bell", {}]];
  assert.deepEqual(
    all.map(({ events }) => events),
    [received, received, [], []],
  );
  for (const { connection } of all) await connection.close();
  assert.equal(server.user("ada").clients.size, 0);
  assert.equal((await server.user("ada").message("mail")).delivered, 0);
});

Deno.test("an event to a user follows the broadcasts that were sent before", async () => {
  await using server = serveUsers();
  server.operation("settle", () => null);
  const ada = await listen(server, "ada");
  void server.broadcast("n", { n: 1 });
  void server.user("ada").message("n", { n: 2 });
  void server.broadcast("n", { n: 3 });
  await ada.settled();
  await ada.connection.close();
  assert.deepEqual(
    ada.events,
    [1, 2, 3].map((n) => ["n", { n }]),
  );
});

Deno.test("a named token is a user", async () => {
  const tokens = [{ name: "ada", token: "a long secret" }];
  await using server = serveQuietly({ tokens });
  await using ada = await connect("a long secret", { url: server.url });
  await using _other = await connectTo(server);
  assert.equal(server.user("ada").clients.size, 1);
  assert.equal((await server.revoke("ada")).closed, 1);
  assert.equal(server.user("ada").clients.size, 0);
  await ada.closed;
});

Deno.test("a user is there after onConnect, and only until the end", async () => {
  const seen: number[] = [];
  await using server = serveUsers({
    onConnect: () => void seen.push(server.user("ada").clients.size),
    onDisconnect: () => void seen.push(server.user("ada").clients.size),
  });
  await using connection = await connect("ada", { url: server.url });
  while (server.clients.size === 0) await new Promise((r) => setTimeout(r));
  seen.push(server.user("ada").clients.size);
  await connection.close();
  await server.close();
  assert.deepEqual(seen, [0, 1, 0]);
});

Deno.test("a renewal moves a client without rooms to the other user", async () => {
  using renewals = captureRenewals();
  await using server = serveUsers();
  let token = "ada";
  await using connection = await connect(() => token, { url: server.url });
  assert.equal(server.user("ada").clients.size, 1);
  token = "bob";
  renewals.ask();
  while (server.user("bob").clients.size === 0) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.equal(server.user("ada").clients.size, 0);
  await connection.close();
  assert.equal(server.user("bob").clients.size, 0);
});

Deno.test("a renewal with another user ends the connection of a member, without a trace", async () => {
  using renewals = captureRenewals();
  await using server = serveUsers();
  const log: string[] = [];
  server.defineRoom("a", {
    authorize: () => true,
    onJoin: ({ user }) => void log.push(`${user} joins`),
    onLeave: ({ user }) => void log.push(`${user} leaves`),
  });
  const features = ["rooms", "renew"];
  using ada = await RoomPeer.open(server, { token: "ada", features });
  const { member } = await ada.join("a");
  renewals.ask();
  await ada.take(1, "renew");
  assert.equal((await ada.ask("renew", { token: "ada" })).code, 0);
  await ada.take(0);
  renewals.ask();
  await ada.take(1, "renew");
  assert.equal((await ada.ask("renew", { token: "bob" })).code, 0);
  assert.equal(await ada.closed(), 1001);
  assert.deepEqual(log, ["ada joins", "ada leaves"]);
  assert.deepEqual(server.room("a").members(), []);
  for (const token of ["ada", "bob"]) {
    using again = await RoomPeer.open(server, { token, member: ada.secret });
    const joined = await again.join("a");
    assert.notEqual(joined.member, member);
    assert.notEqual(joined.secret, undefined);
  }
});

Deno.test("a secret counts only for the user that it was sent to", async () => {
  await using server = serveUsers();
  server.defineRoom("a", { authorize: () => true });
  using ada = await RoomPeer.open(server, { token: "ada" });
  const { member, connection } = await ada.join("a");
  using eve = await RoomPeer.open(server, { token: "eve", member: ada.secret });
  const joined = await eve.join("a");
  assert.notEqual(joined.member, member);
  assert.notEqual(joined.connection, connection);
  assert.match(joined.secret, /^[\w-]{22}$/);
  assert.equal((await ada.ask("members", { room: "a" })).data.count, 2);
});

Deno.test("setUser() and user() check the name", async () => {
  const contexts: LoginContext[] = [];
  await using server = serveQuietly({
    login: (_server, _token, context) => {
      contexts.push(context);
      context.setUser("ö".repeat(100));
      return true;
    },
  });
  await using _connection = await connectTo(server);
  const [client] = server.clients;
  assert.equal(client?.user, "ö".repeat(100));
  const [context] = contexts;
  context!.setUser("too late");
  assert.equal(client?.user, "ö".repeat(100));
  for (
    const use of [
      (name: string) => context!.setUser(name),
      (name: string) => server.user(name),
    ]
  ) {
    assert.throws(() => use(""), RangeError);
    assert.throws(() => use(`${"ö".repeat(100)}x`), {
      name: "RangeError",
      message: /: the name must have 1 to 200 bytes of UTF-8/,
    });
    assert.throws(() => use("\ud800"), {
      name: "TypeError",
      message: /must not contain a lone surrogate/,
    });
    assert.throws(() => use(1 as never), {
      name: "TypeError",
      message: /: the name must be a string. It is 1.$/,
    });
  }
});

Deno.test("an invalid event to a user rejects", async () => {
  await using server = serveUsers();
  const sending = server.user("ada").message("mail", [] as never);
  assert((await rejection(sending)) instanceof TypeError);
});
