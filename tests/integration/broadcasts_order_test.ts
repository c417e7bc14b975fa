/** Broadcasts to hundreds of clients: their order, and their effect on other requests. */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { operation, RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { endOfTick } from "../support/timing.ts";

/** Enough clients that a broadcast needs several turns. */
const MANY = 200;

/** Clients in the order of their login. Every second client accepts batches. */
class ClientGroup implements AsyncDisposable {
  readonly clients: readonly RawClient[];

  private constructor(clients: readonly RawClient[]) {
    this.clients = clients;
  }

  static async logIn(server: Server, count: number): Promise<ClientGroup> {
    const clients: RawClient[] = [];
    for (let n = 0; n < count; n++) {
      const features = n % 2 === 0 ? undefined : ["batch"];
      clients.push(await RawClient.logIn(server, features));
    }
    return new ClientGroup(clients);
  }

  get last(): RawClient {
    return this.clients.at(-1)!;
  }

  /** Asserts the next messages of each client, in this order. */
  async assertNext(names: readonly string[]): Promise<void> {
    for (const [n, client] of this.clients.entries()) {
      assert.deepEqual(await take(client, names.length), names, `client ${n}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.clients.map((client) => client[Symbol.asyncDispose]()),
    );
  }
}

/** Returns the names of the next messages, or the results of operations. */
async function take(client: RawClient, count: number): Promise<string[]> {
  const frames = await client.take(count);
  return frames.map(({ data }) => data?.message ?? data?.result);
}

/** Sends a broadcast and resolves to the number of clients that received it. */
async function count(server: Server, name: string): Promise<number> {
  return (await server.broadcast(name)).delivered;
}

function namesOf(count: number, prefix = "news"): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix} ${n}`);
}

Deno.test("concurrent broadcasts reach hundreds of clients in the same order", async () => {
  await using server = serveQuietly();
  await using group = await ClientGroup.logIn(server, MANY);
  const names = namesOf(40);
  const counts: Promise<number>[] = [];
  for (const [n, name] of names.entries()) {
    counts.push(count(server, name));
    // Some in the same tick as the previous one, some during its turns, some after it.
    for (let ticks = n % 4; ticks > 0; ticks--) await endOfTick();
    if (n % 13 === 0) await counts.at(-1);
  }
  assert.deepEqual(await Promise.all(counts), Array(40).fill(MANY));
  await group.assertNext(names);
});

Deno.test("a request is answered while a large broadcast is being sent", async () => {
  await using server = serveQuietly();
  const events: string[] = [];
  server.operation("ping", () => {
    events.push("answered");
    return "pong";
  });
  await using group = await ClientGroup.logIn(server, MANY);
  const names = namesOf(300);
  // Enough turns that the server reads a request in one of them, even on a slow machine.
  const broadcasts = names.map((name) => count(server, name));
  group.clients[0]!.send(operation(1, "ping"));
  await Promise.all(broadcasts);
  events.push("sent");
  assert.deepEqual(
    (await take(group.clients[0]!, 301)).toSorted(),
    [
      ...names,
      "pong",
    ].toSorted(),
  );
  assert.deepEqual(events, ["answered", "sent"]);
});

Deno.test("a broadcast of a handler keeps its place between messages and the result", async () => {
  await using server = serveQuietly();
  server.operation("announce", (_data, { client }) => {
    client.message("before");
    void count(server, "news");
    client.message("after");
    return "announced";
  });
  await using group = await ClientGroup.logIn(server, MANY);
  for (const client of [group.last, group.clients.at(-2)!]) {
    client.send(operation(1, "announce"));
    const expected = ["before", "news", "after", "announced"];
    assert.deepEqual(await take(client, 4), expected);
    for (const other of group.clients) {
      if (other !== client) assert.deepEqual(await take(other, 1), ["news"]);
    }
  }
});

Deno.test("a message to one client does not overtake broadcasts", async () => {
  await using server = serveQuietly();
  await using group = await ClientGroup.logIn(server, MANY);
  const [...clients] = server.clients;
  const broadcasts = ["one", "two"].map((name) => count(server, name));
  for (const client of clients) client.message("alone");
  broadcasts.push(count(server, "three"));
  assert.deepEqual(await Promise.all(broadcasts), [MANY, MANY, MANY]);
  await group.assertNext(["one", "two", "alone", "three"]);
});

Deno.test("close() sends pending broadcasts first", async () => {
  const server = serveQuietly();
  await using group = await ClientGroup.logIn(server, MANY);
  const lastBroadcast = count(server, "bye");
  await server.close();
  assert.equal(await lastBroadcast, MANY);
  await group.assertNext(["bye"]);
  for (const client of group.clients) {
    assert.equal((await client.closed).code, 1001);
  }
});

Deno.test("a client that is closed during a broadcast receives it first", async () => {
  await using server = serveQuietly();
  await using group = await ClientGroup.logIn(server, MANY);
  const broadcasts = ["one", "two"].map((name) => count(server, name));
  const [...clients] = server.clients;
  for (const client of clients.slice(-50)) client.close(4000);
  assert.equal(server.clients.size, MANY - 50);
  broadcasts.push(count(server, "three"));
  assert.deepEqual(await Promise.all(broadcasts), [MANY, MANY, MANY - 50]);
  for (const [n, client] of group.clients.entries()) {
    const stays = n < MANY - 50;
    const names = stays ? ["one", "two", "three"] : ["one", "two"];
    assert.deepEqual(await take(client, names.length), names);
    if (!stays) assert.equal((await client.closed).code, 4000);
  }
});

Deno.test("a broadcast resolves if clients disconnect while it is being sent", async () => {
  await using server = serveQuietly();
  await using group = await ClientGroup.logIn(server, MANY);
  const names = namesOf(64);
  const broadcasts = names.map((name) => count(server, name));
  const leaving = group.clients.slice(-50);
  for (const client of leaving) client.send({ id: null, end: true });
  const counts = await Promise.all(broadcasts);
  for (const count of counts) assert(count >= MANY - 50 && count <= MANY);
  for (const client of leaving) await client.closed;
  assert.equal(server.clients.size, MANY - 50);
  for (const client of group.clients.slice(0, -50)) {
    assert.deepEqual(await take(client, 64), names);
  }
  assert.equal(await count(server, "last"), MANY - 50);
});

Deno.test("a client that logs in during broadcasts receives the later broadcasts", async () => {
  await using server = serveQuietly();
  await using group = await ClientGroup.logIn(server, MANY);
  const early = namesOf(64, "early").map((name) => count(server, name));
  await using late = await RawClient.logIn(server, ["batch"]);
  const names = namesOf(5, "late");
  const counts = await Promise.all(names.map((name) => count(server, name)));
  assert.deepEqual(counts, Array(5).fill(MANY + 1));
  assert.deepEqual(await take(late, 5), names);
  assert.deepEqual(await Promise.all(early), Array(64).fill(MANY));
  await group.assertNext([...namesOf(64, "early"), ...names]);
});
