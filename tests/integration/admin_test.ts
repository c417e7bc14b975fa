/** What an admin sees of a server. */

import assert from "node:assert/strict";
import { adminContract } from "../../admin/mod.ts";
import { defineContract } from "../../mod.ts";
import { VERSION } from "../../version.ts";
import {
  connectAdmin,
  connectPlain,
  itemsOf,
  serveAdmin,
} from "../support/admin.ts";

Deno.test("an admin sees the health, the limits and the servers", async () => {
  await using server = serveAdmin({ limits: { maxPending: 7 } });
  await using ops = await connectAdmin(server);
  const health = await ops.operation("hoist.admin.health");
  const { uptime, ...rest } = health;
  assert(uptime >= 0);
  const node = server.cluster.id;
  assert.deepEqual(rest, {
    ...{ status: "ok", node, version: VERSION, lostUpgrades: 0, broker: null },
  });
  const limits = await ops.operation("hoist.admin.limits");
  assert.equal(limits["maxPending"], 7);
  assert.equal(limits["maxRatePerToken"], null);
  const cluster = await ops.operation("hoist.admin.cluster");
  assert.deepEqual(cluster, { node, state: "alone", nodes: [] });
});

Deno.test("an admin sees the contract and the names that have handlers", async () => {
  const contract = defineContract({
    messages: { hello: {}, unheard: {} },
    operations: { add: {} },
  });
  await using server = serveAdmin({ contract } as never);
  server.receive("hello", () => {});
  server.operation("add", () => 1);
  await using ops = await connectAdmin(server);
  assert.deepEqual(await ops.operation("hoist.admin.contract"), {
    contract: contract.describe(),
    messages: ["hello"],
    operations: ["add"],
  });
});

Deno.test("without a contract, an admin sees the names that have handlers", async () => {
  await using server = serveAdmin();
  server.operation("add", () => 1);
  await using ops = await connectAdmin(server);
  assert.deepEqual(await ops.operation("hoist.admin.contract"), {
    contract: null,
    messages: [],
    operations: ["add"],
  });
});

Deno.test("an admin sees the numbers of a server", async () => {
  await using server = serveAdmin();
  server.defineRoom("lobby", { authorize: () => true });
  await using ops = await connectAdmin(server);
  await using plain = await connectPlain(server);
  await plain.join("lobby");
  const stats = itemsOf(ops.stream("hoist.admin.stats", { interval: 100 }));
  const first = await stats.next();
  assert.deepEqual([first.clients, first.connections, first.rooms], [2, 2, 1]);
  assert.equal(first.node, server.cluster.id);
  assert(first.memory.rss > first.memory.heapUsed);
  // The stream itself.
  assert.equal(first.pending, 1);
  assert.equal(first.metrics?.counters.hoist_logins_total[0]?.value, 2);
  const second = await stats.next();
  assert(second.time >= first.time && second.uptime > first.uptime);
  await stats.end();
});

Deno.test("an admin can omit the metrics", async () => {
  await using server = serveAdmin();
  await using ops = await connectAdmin(server);
  const stream = ops.stream("hoist.admin.stats", { metrics: false });
  const stats = itemsOf(stream);
  assert.equal((await stats.next()).metrics, undefined);
  await stats.end();
});

Deno.test("an admin sees one client in detail", async () => {
  await using server = serveAdmin();
  server.defineRoom("lobby", { authorize: () => true });
  await using ops = await connectAdmin(server);
  await using plain = await connectPlain(server);
  await plain.join("lobby");
  const client = [...server.clients].find(({ user }) => user === "plain")!;
  for (const id of [client.id, client.globalId]) {
    const shown = await ops.operation("hoist.admin.client", { client: id });
    assert(shown !== null);
    const { connectedAt, features, ...rest } = shown;
    assert(Math.abs(connectedAt - Date.now()) < 60_000);
    assert(features.includes("rooms"));
    assert.deepEqual(rest, {
      ...{ id: client.id, globalId: client.globalId, address: client.address },
      ...{ version: VERSION, name: "plain", user: "plain" },
      ...{ isAdmin: false, isSelf: false },
      ...{ rooms: 1, roomNames: ["lobby"], pending: 0, streams: 0 },
      ...{ buffered: 0, expires: null },
    });
  }
  await plain.close();
  await client.closed;
  const gone = await ops.operation("hoist.admin.client", { client: client.id });
  assert.equal(gone, null);
});

Deno.test("an admin sees many rooms in the order of their names, in any parts", async () => {
  await using server = serveAdmin();
  server.defineRoom("room:{id}", { authorize: () => true });
  await using ops = await connectAdmin(server);
  await using plain = await connectPlain(server);
  const ids = Array.from({ length: 100 }, (_, n) => n * 37 % 100);
  for (const id of ids) await plain.join(`room:${id}`);
  const sorted = ids.map((id) => `room:${id}`).sort();
  for (const limit of [1, 7, 25, 99, 100]) {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const input = { limit, prefix: "room:", ...(after && { after }) };
      const part = await ops.operation("hoist.admin.rooms", input);
      assert.equal(part.total, 100);
      assert(part.rooms.length <= limit);
      found.push(...part.rooms.map(({ name }) => name));
      after = part.next ?? undefined;
    } while (after !== undefined);
    assert.deepEqual(found, sorted);
  }
});

Deno.test("an admin learns that the id of a client is invalid", async () => {
  await using server = serveAdmin();
  await using ops = await connectAdmin(server);
  for (const client of ["x", ".1", "1.", "a.b"]) {
    await assert.rejects(ops.operation("hoist.admin.client", { client }), {
      name: "ApplicationError",
      kind: "rejected",
    });
  }
});

Deno.test("an admin sees rooms in parts, and their members", async () => {
  await using server = serveAdmin();
  server.defineRoom("chat:{id}", {
    authorize: () => true,
    presence: ({ user }) => ({ name: user ?? "" }),
  });
  await using ops = await connectAdmin(server);
  await using plain = await connectPlain(server);
  const names = ["chat:c", "chat:a", "chat:b"];
  await Promise.all(names.map((name) => plain.join(name)));
  const first = await ops.operation("hoist.admin.rooms", { limit: 2 });
  const room = { pattern: "chat:{id}", clients: 1, members: 1 };
  assert.deepEqual(first, {
    rooms: [{ name: "chat:a", ...room }, { name: "chat:b", ...room }],
    total: 3,
    next: "chat:b",
  });
  const rest = await ops.operation("hoist.admin.rooms", {
    prefix: "chat:",
    after: first.next!,
  });
  assert.deepEqual(rest.rooms.map(({ name }) => name), ["chat:c"]);
  assert.equal(rest.next, null);
  const members = await ops.operation("hoist.admin.members", {
    room: "chat:a",
  });
  assert.equal(members.total, 1);
  assert(members.isComplete);
  const [member] = members.members;
  assert.deepEqual([member?.user, member?.connections], [
    "plain",
    [{ name: "plain" }],
  ]);
});

Deno.test("a room that the server does not allow has no members to see", async () => {
  await using server = serveAdmin();
  await using ops = await connectAdmin(server);
  await assert.rejects(
    ops.operation("hoist.admin.members", { room: "nowhere" }),
    { kind: "rejected", code: 6 },
  );
});

Deno.test("members that do not fit into a frame are left out", async () => {
  await using server = serveAdmin({ limits: { maxBuffered: 16_000 } });
  const name = "x".repeat(3_000);
  server.defineRoom("lobby", {
    authorize: () => true,
    presence: () => ({ name }),
  });
  await using ops = await connectAdmin(server);
  const clients = await Promise.all(
    Array.from({ length: 5 }, () => connectPlain(server)),
  );
  for (const each of clients) await each.join("lobby");
  const { members, total, isComplete } = await ops.operation(
    "hoist.admin.members",
    { room: "lobby" },
  );
  assert.deepEqual([members.length, total, isComplete], [0, 1, false]);
  await Promise.all(clients.map((each) => each.close()));
});

Deno.test("an unknown argument of an admin is a mistake", async () => {
  await using server = serveAdmin();
  await using ops = await connectAdmin(server);
  const wrong = [{ limit: 0 }, { limit: 1.5 }, { prefix: 1 }, { pre: "a" }];
  for (const input of wrong) {
    await assert.rejects(
      ops.operation("hoist.admin.rooms", input as never),
      { code: 2 },
    );
  }
});
Deno.test("the names of the contract are those that the server answers", async () => {
  await using server = serveAdmin();
  await using ops = await connectAdmin(server);
  for (const [name, entry] of Object.entries(adminContract.operations)) {
    const isStream = "yields" in entry;
    const request = isStream
      ? ops.operation(name as never)
      : itemsOf(ops.stream(name as never)).next();
    // A call of the other kind.
    await assert.rejects(request, { code: 7 });
  }
});
