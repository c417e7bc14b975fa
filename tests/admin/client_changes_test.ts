import assert from "node:assert/strict";
import { ClientChanges } from "../../admin/client_changes.ts";
import type { AdminHost, AdminView } from "../../admin/host.ts";
import { Lifetime } from "../../admin/lifetime.ts";
import type { AdminClient } from "../../admin/mod.ts";
import type { Client } from "../../server/message.ts";
import { seededRandom } from "../support/random.ts";

/** A server whose clients are numbers, and what each of them shows. */
class FakeServer {
  readonly clients = new Set<Client>();
  readonly #shown = new Map<Client, number>();
  readonly maxBuffered: number;
  /** How often a client was looked at */
  looks = 0;
  /** More fields of all clients */
  more: Readonly<Record<string, unknown>> = {};
  #lastId = 0;

  constructor(maxBuffered = 4_194_304) {
    this.maxBuffered = maxBuffered;
  }

  add(count: number): void {
    for (let n = 0; n < count; n++) {
      const client = { id: ++this.#lastId } as Client;
      this.clients.add(client);
      this.#shown.set(client, 0);
    }
  }

  /** Removes a random client. */
  remove(client: Client): void {
    this.clients.delete(client);
    this.#shown.delete(client);
  }

  change(client: Client): void {
    this.#shown.set(client, this.#shown.get(client)! + 1);
  }

  /** The ids of the clients, and what they show. */
  get state(): Map<number, number> {
    return new Map([...this.#shown].map(([{ id }, rooms]) => [id, rooms]));
  }

  changes(): ClientChanges {
    const { clients, maxBuffered } = this;
    const host = { clients, context: { limits: { maxBuffered } } };
    const view = { client: (client: Client) => this.#show(client) };
    return new ClientChanges(
      host as unknown as AdminHost,
      view as unknown as AdminView,
    );
  }

  #show(client: Client): AdminClient | undefined {
    this.looks++;
    const rooms = this.#shown.get(client);
    if (rooms === undefined) return undefined;
    return { id: client.id, rooms, ...this.more } as AdminClient;
  }
}

/** Returns a lifetime, and the function that ends it. */
function makeLifetime() {
  const controller = new AbortController();
  const guard = { watch: () => ({ [Symbol.dispose]: () => {} }) };
  const context = { client: {} as Client, signal: controller.signal };
  const lifetime = new Lifetime(guard, context);
  return { lifetime, end: () => controller.abort() };
}

/** Applies the changes to what the reader knows. */
function apply(
  known: Map<number, number>,
  { joined, changed, left }: {
    readonly joined: readonly AdminClient[];
    readonly changed: readonly AdminClient[];
    readonly left: readonly number[];
  },
): void {
  for (const { id, rooms } of joined) {
    assert(!known.has(id));
    known.set(id, rooms);
  }
  for (const { id, rooms } of changed) {
    assert(known.has(id));
    known.set(id, rooms);
  }
  for (const id of left) assert(known.delete(id));
}

Deno.test("a slow reader keeps up with 2,000 clients that come, change and go", async () => {
  const random = seededRandom(1234);
  const server = new FakeServer();
  server.add(2_000);
  const { lifetime, end } = makeLifetime();
  const items = server.changes().items(lifetime, 0);
  const known = new Map<number, number>();
  for (let step = 0; step < 200; step++) {
    const { value } = await items.next();
    assert(value);
    const { joined, changed, left } = value;
    assert(joined.length + changed.length + left.length <= 100);
    apply(known, value);
    const clients = [...server.clients];
    for (let n = 0; n < 50; n++) {
      const client = clients[Math.floor(random() * clients.length)]!;
      if (random() < 0.5) server.remove(client);
      else if (server.clients.has(client)) server.change(client);
    }
    server.add(25);
  }
  const isSame = () => {
    const state = server.state;
    return state.size === known.size &&
      [...state].every(([id, rooms]) => known.get(id) === rooms);
  };
  while (!isSame()) apply(known, (await items.next()).value!);
  end();
  await items.return();
});

Deno.test("the change of any field is reported, also of a field that is new", async () => {
  const server = new FakeServer();
  server.add(1);
  const { lifetime, end } = makeLifetime();
  const items = server.changes().items(lifetime, 0);
  await items.next();
  for (const more of [{ user: "ada" }, { added: 1 }, { added: 2 }]) {
    server.more = more;
    // The new client causes an item, also if no change is found.
    server.add(1);
    const { value } = await items.next();
    assert.deepEqual(value?.changed[0], { id: 1, rooms: 0, ...more });
  }
  end();
  await items.return();
});

Deno.test("nothing is compared while the reader does not read", async () => {
  const server = new FakeServer();
  server.add(1_000);
  const { lifetime, end } = makeLifetime();
  const items = server.changes().items(lifetime, 0);
  await items.next();
  const { looks } = server;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(server.looks, looks);
  assert(looks <= 100);
  end();
  await items.return();
});

Deno.test("a server without clients has one empty item, which is complete", async () => {
  const server = new FakeServer();
  const { lifetime, end } = makeLifetime();
  const items = server.changes().items(lifetime, 3_600_000);
  assert.deepEqual((await items.next()).value, {
    ...{ joined: [], changed: [], left: [], count: 0, isComplete: true },
  });
  const next = items.next();
  end();
  assert.deepEqual(await next, { done: true, value: undefined });
});

Deno.test("the first items are not complete until the reader has all clients", async () => {
  const server = new FakeServer();
  server.add(250);
  const { lifetime, end } = makeLifetime();
  const items = server.changes().items(lifetime, 0);
  const seen: [number, boolean][] = [];
  for (let n = 0; n < 3; n++) {
    const { joined, isComplete } = (await items.next()).value!;
    seen.push([joined.length, isComplete]);
  }
  assert.deepEqual(seen, [[100, false], [100, false], [50, true]]);
  end();
  await items.return();
});

Deno.test("with a small send buffer, an item has few clients", async () => {
  const server = new FakeServer(12_000);
  server.add(5);
  const { lifetime, end } = makeLifetime();
  const items = server.changes().items(lifetime, 0);
  assert.equal((await items.next()).value?.joined.length, 2);
  end();
  await items.return();
});
