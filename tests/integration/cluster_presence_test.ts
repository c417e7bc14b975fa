/** The members of rooms on several servers. */

import assert from "node:assert/strict";
import type { Connection } from "../../client/connection.ts";
import type { ClientRoom } from "../../client/room.ts";
import type { Server } from "../../server.ts";
import { connectReconnecting, StateRecorder } from "../support/reconnecting.ts";
import { Servers } from "../support/servers.ts";
import { pause, until } from "../support/timing.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

const ADA = "a long secret of ada";
const BOB = "a long secret of bob";

const TOKENS = {
  tokens: [{ name: "ada", token: ADA }, { name: "bob", token: BOB }],
};

/** The calls of the hooks on all servers: `0 joined ada`. */
class Hooks {
  readonly calls: string[] = [];
  #servers = 0;

  readonly define = (server: Server): void => {
    const index = this.#servers++;
    server.defineRoom("a", {
      authorize: () => true,
      presence: (_client, claimed) => claimed === null ? {} : claimed,
      onJoin: ({ user }) => void this.calls.push(`${index} joined ${user}`),
      onLeave: ({ user }) => void this.calls.push(`${index} left ${user}`),
    });
  };
}

/** The names in the presence of the members that a client sees. */
function namesIn({ members }: ClientRoom): unknown[] {
  return [...members.values()].map(({ presence }) => presence?.name).sort();
}

/** Joins the room as a member with a name. */
async function join(connection: Connection, name: string) {
  const room = connection.room("a");
  await room.join({ presence: { name } });
  return room;
}

/** Waits until a client sees exactly these members. */
function sees(room: ClientRoom, ...names: string[]): Promise<void> {
  const expected = names.sort().join();
  return until(
    () => namesIn(room).join() === expected,
    `the members are not ${expected}`,
  );
}

/** The users of the members that a server knows. */
async function usersOf(server: Server): Promise<string[]> {
  const members = await server.room("a").fetchMembers();
  return members.map(({ user }) => String(user)).sort();
}

Deno.test("members see those on other servers, and their changes", async () => {
  await using servers = await Servers.start(3, TOKENS, new Hooks().define);
  const ada = await join(await servers.connect(0, {}, ADA), "Ada");
  const bob = await join(await servers.connect(1, {}, BOB), "Bob");
  // The answer to the join has all members.
  assert.deepEqual(namesIn(bob), ["Ada", "Bob"]);
  await sees(ada, "Ada", "Bob");
  assert.equal(ada.members.get(bob.member!)?.presence?.name, "Bob");
  await bob.setPresence({ name: "Robert" });
  await sees(ada, "Ada", "Robert");
  for (const server of servers.all) {
    assert.deepEqual(await usersOf(server), ["ada", "bob"]);
  }
  await bob.leave();
  await sees(ada, "Ada");
  for (const server of servers.all) {
    assert.deepEqual(await usersOf(server), ["ada"]);
  }
});

Deno.test("a user on two servers is one member, which joins and leaves once", async () => {
  const hooks = new Hooks();
  await using servers = await Servers.start(2, TOKENS, hooks.define);
  const bob = await join(await servers.connect(1, {}, BOB), "Bob");
  const first = await join(await servers.connect(0, {}, ADA), "Ada");
  await sees(bob, "Ada", "Bob");
  const second = await join(await servers.connect(1, {}, ADA), "Ada");
  assert.equal(second.member, first.member);
  await until(() => bob.count === 2, "two members");
  await pause(50);
  assert.deepEqual(await usersOf(servers.at(0)), ["ada", "bob"]);
  await first.leave();
  await pause(100);
  assert.deepEqual(await usersOf(servers.at(0)), ["ada", "bob"]);
  await second.leave();
  await sees(bob, "Bob");
  assert.deepEqual(hooks.calls, ["1 joined bob", "0 joined ada", "1 left ada"]);
});

Deno.test("a client that reconnects to another server has never left", async () => {
  const hooks = new Hooks();
  await using servers = await Servers.start(2, {}, hooks.define);
  const bob = await join(await servers.connect(0), "Bob");
  const changes: unknown[] = [];
  bob.onMembers(({ joined, left }) =>
    void changes.push([joined.length, left.length])
  );
  await using proxy = new TcpProxy(servers.at(0));
  await using connection = await connectReconnecting(proxy);
  const ada = await join(connection, "Ada");
  await sees(bob, "Ada", "Bob");
  const { member } = ada;
  const states = new StateRecorder(connection);
  changes.length = 0;
  for (const target of [1, 0, 1]) {
    proxy.redirect(servers.at(target));
    proxy.cut();
    await states.next("open");
    await sees(ada, "Ada", "Bob");
    assert.equal(ada.member, member);
  }
  // Longer than the grace period.
  await pause(3_500);
  assert.deepEqual(changes, []);
  assert.deepEqual(namesIn(bob), ["Ada", "Bob"]);
  assert.deepEqual(hooks.calls.length, 2);
});

Deno.test("a connection that is lost leaves after the grace period on all servers", async () => {
  await using servers = await Servers.start(2, {}, new Hooks().define);
  const bob = await join(await servers.connect(1), "Bob");
  await using proxy = new TcpProxy(servers.at(0));
  const connection = await servers.connect(0, { url: proxy.url });
  await join(connection, "Ada");
  await sees(bob, "Ada", "Bob");
  const start = performance.now();
  proxy.cut();
  await sees(bob, "Bob");
  const duration = performance.now() - start;
  assert(duration > 2_500, `${duration} ms`);
});

Deno.test("the members of a server that crashed are gone when its lease ends", async () => {
  const hooks = new Hooks();
  await using servers = await Servers.start(3, TOKENS, hooks.define);
  const bob = await join(await servers.connect(0, {}, BOB), "Bob");
  const again = await join(await servers.connect(1, {}, BOB), "Bob");
  await join(await servers.connect(2, {}, ADA), "Ada");
  await sees(bob, "Ada", "Bob");
  await sees(again, "Ada", "Bob");
  servers.node(2).kill();
  await sees(bob, "Bob");
  await sees(again, "Bob");
  // One of the two other servers reports it.
  await until(() => hooks.calls.length === 3, "ada has left");
  await pause(100);
  assert.match(hooks.calls.slice(2).join(), /^[01] left ada$/);
});

Deno.test("the members of a server that was frozen are gone, and come back", async () => {
  await using servers = await Servers.start(2, {}, new Hooks().define);
  const bob = await join(await servers.connect(0), "Bob");
  const ada = await join(await servers.connect(1), "Ada");
  await sees(bob, "Ada", "Bob");
  servers.node(1).freeze();
  await sees(bob, "Bob");
  await servers.node(1).thaw();
  await sees(bob, "Ada", "Bob");
  const eve = await join(await servers.connect(0), "Eve");
  await sees(ada, "Ada", "Bob", "Eve");
  await eve.leave();
  await sees(ada, "Ada", "Bob");
});

Deno.test("servers agree on the members after they were cut off from each other", async () => {
  await using servers = await Servers.start(2, {}, new Hooks().define);
  const bob = await join(await servers.connect(0), "Bob");
  const ada = await join(await servers.connect(1), "Ada");
  const eve = await join(await servers.connect(1), "Eve");
  await sees(bob, "Ada", "Bob", "Eve");
  servers.engine.stop();
  await eve.leave();
  await join(await servers.connect(0), "Carol");
  await bob.setPresence({ name: "Robert" });
  await pause(200);
  await servers.engine.start();
  await sees(bob, "Ada", "Carol", "Robert");
  await sees(ada, "Ada", "Carol", "Robert");
});

Deno.test("servers notice that changes of the members were lost", async () => {
  await using servers = await Servers.start(2, {}, new Hooks().define);
  const bob = await join(await servers.connect(0), "Bob");
  const ada = await join(await servers.connect(1), "Ada");
  await sees(bob, "Ada", "Bob");
  await sees(ada, "Ada", "Bob");
  let lost = 0;
  servers.node(0).loses = (payload) => {
    if (!payload.includes('"presence"')) return false;
    return lost++ < 2;
  };
  const eve = await join(await servers.connect(1), "Eve");
  await until(() => lost === 1, "a change was lost");
  await eve.setPresence({ name: "Eva" });
  await until(() => lost >= 2, "another change was lost");
  assert.deepEqual(namesIn(bob), ["Ada", "Bob"]);
  // The next change has a number that is too high.
  await ada.setPresence({ name: "Augusta" });
  await sees(bob, "Augusta", "Bob", "Eva");
});

Deno.test("members that move to another server in a deployment have never left", async () => {
  const hooks = new Hooks();
  await using servers = await Servers.start(2, {}, hooks.define);
  const bob = await join(await servers.connect(1), "Bob");
  const changes: unknown[] = [];
  await using proxy = new TcpProxy(servers.at(0));
  await using connection = await connectReconnecting(proxy);
  await join(connection, "Ada");
  await sees(bob, "Ada", "Bob");
  bob.onMembers(({ left }) => void changes.push(left.length));
  const states = new StateRecorder(connection);
  proxy.redirect(servers.at(1));
  await servers.at(0).close();
  await states.next("open");
  await pause(3_500);
  assert.deepEqual(changes, []);
  assert.deepEqual(hooks.calls.length, 2);
});

Deno.test("members that do not come back after a deployment leave", async () => {
  const hooks = new Hooks();
  await using servers = await Servers.start(2, TOKENS, hooks.define);
  const bob = await join(await servers.connect(1, {}, BOB), "Bob");
  await join(await servers.connect(0, {}, ADA), "Ada");
  await sees(bob, "Ada", "Bob");
  await servers.at(0).close();
  await sees(bob, "Bob");
  assert.deepEqual(hooks.calls.slice(2), ["1 left ada"]);
});

Deno.test("a room can be closed and opened again", async () => {
  await using servers = await Servers.start(2, {}, new Hooks().define);
  const bob = await join(await servers.connect(0), "Bob");
  const ada = await join(await servers.connect(1), "Ada");
  for (let n = 0; n < 5; n++) {
    await ada.leave();
    await sees(bob, "Bob");
    await ada.join({ presence: { name: `Ada ${n}` } });
    assert.deepEqual(namesIn(ada), [`Ada ${n}`, "Bob"]);
    await sees(bob, `Ada ${n}`, "Bob");
  }
});

Deno.test("invalid messages about members are ignored", async () => {
  await using servers = await Servers.start(2, {}, new Hooks().define);
  const bob = await join(await servers.connect(0), "Bob");
  await join(await servers.connect(1), "Eve");
  await sees(bob, "Bob", "Eve");
  const { cluster } = servers.node(1);
  const send = (kind: string, fields: object) =>
    cluster.tell(
      undefined,
      JSON.stringify({ v: 1, kind, room: "a", ...fields }),
    );
  const entry = { connection: "c", member: "m", user: null, presence: "" };
  for (
    const shown of [
      ...[undefined, 5, [1], [null], [{}], [{ ...entry, connection: 5 }]],
      ...[[{ ...entry, member: "\n" }], [{ ...entry, presence: "{" }]],
      ...[[{ ...entry, presence: "5" }], [{ ...entry, presence: undefined }]],
      [{ ...entry, presence: JSON.stringify({ x: "x".repeat(5_000) }) }],
    ]
  ) {
    await send("presence", {
      ...{ sequence: 1, index: 0, isLast: true, hidden: [], shown },
    });
  }
  await send("presence", { shown: [entry], sequence: -1, hidden: [] });
  await send("presence", { shown: [], sequence: 1, hidden: [5] });
  await send("presence-state", { rooms: 5 });
  await send("presence-state", { rooms: [["a"], [5, 5], 5] });
  await send("claimed", {});
  await cluster.tell(undefined, "no JSON");
  await cluster.tell(undefined, '{"v":2,"kind":"claimed"}');
  await send("presence", {
    ...{ sequence: 7, index: 0, isLast: true, hidden: [] },
    shown: [{ ...entry, presence: '{"name":"Ada"}' }],
  });
  await sees(bob, "Ada", "Bob");
});
