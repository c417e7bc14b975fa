/** The streams of the clients and the events of a server, as an admin reads them. */

import assert from "node:assert/strict";
import { MAX_STREAMS } from "../../admin/stream_places.ts";
import type { AdminClient, AdminEvent } from "../../admin/mod.ts";
import { connect } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import type { ServeOptions, Server } from "../../server.ts";
import {
  ADMIN_TOKEN,
  type AdminConnection,
  connectAdmin,
  connectPlain,
  itemsOf,
  PLAIN_TOKEN,
  serveAdmin,
} from "../support/admin.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { pause } from "../support/timing.ts";

/** How often the clients are compared in these tests, in milliseconds. */
const INTERVAL = 100;

/** What a reader knows of the clients of a server. */
class ClientTable {
  readonly clients = new Map<number, AdminClient>();
  readonly #items: ReturnType<typeof itemsOf>;
  isComplete = false;

  constructor(ops: AdminConnection, interval = INTERVAL) {
    this.#items = itemsOf(ops.stream("hoist.admin.clients", { interval }));
  }

  /** Reads items until a condition is true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.read();
  }

  /** Reads an item, and checks that it belongs to what the reader knows. */
  async read(): Promise<void> {
    const item = await this.#items.next() as {
      readonly joined: readonly AdminClient[];
      readonly changed: readonly AdminClient[];
      readonly left: readonly number[];
      readonly isComplete: boolean;
    };
    assert(item.joined.length + item.changed.length + item.left.length <= 100);
    for (const each of item.joined) {
      assert(!this.clients.has(each.id));
      this.clients.set(each.id, each);
    }
    for (const each of item.changed) {
      assert(this.clients.has(each.id));
      this.clients.set(each.id, each);
    }
    for (const id of item.left) assert(this.clients.delete(id));
    this.isComplete = item.isComplete;
  }

  end(): Promise<unknown> {
    return this.#items.end();
  }
}

Deno.test("an admin sees clients come, change and leave", async () => {
  await using server = serveAdmin();
  server.defineRoom("lobby", { authorize: () => true });
  await using ops = await connectAdmin(server);
  const table = new ClientTable(ops);
  await table.until(() => table.isComplete);
  assert.deepEqual([...table.clients.keys()], [1]);
  const plain = await connectPlain(server);
  await table.until(() => table.clients.size === 2);
  await plain.join("lobby");
  await table.until(() => table.clients.get(2)?.rooms === 1);
  await plain.close();
  await table.until(() => table.clients.size === 1);
  await table.end();
});

Deno.test("an admin sees 250 clients that come and go while it reads slowly", async () => {
  await using server = serveAdmin({ limits: { maxUnauthenticated: 500 } });
  await using ops = await connectAdmin(server);
  const open = new Set<RawClient>();
  const logIn = async () => {
    const client = await RawClient.open(server);
    client.send({ id: 0, token: PLAIN_TOKEN, version: "1.0.0" });
    await client.next();
    open.add(client);
  };
  await Promise.all(Array.from({ length: 250 }, logIn));
  const table = new ClientTable(ops);
  await table.read();
  assert(!table.isComplete);
  for (let round = 0; round < 5; round++) {
    const leaving = [...open].slice(0, 100);
    for (const each of leaving) open.delete(each);
    await Promise.all([
      ...leaving.map((each) => each[Symbol.asyncDispose]()),
      ...Array.from({ length: 100 }, logIn),
    ]);
    await table.read();
  }
  const isSame = () => {
    const ids = [...server.clients].map(({ id }) => id);
    return ids.length === table.clients.size &&
      ids.every((id) => table.clients.has(id));
  };
  await table.until(() => table.isComplete && isSame());
  assert.equal(table.clients.size, 251);
  await table.end();
  await Promise.all([...open].map((each) => each[Symbol.asyncDispose]()));
});

Deno.test("hostile names, versions and users are shown as strings of a limited length", async () => {
  const nasty = "\x1b[2J\n\u202e<img src=x onerror=alert(1)>\u0000" +
    "x".repeat(5_000);
  await using server = serveAdmin({
    tokens: undefined,
    login: (_server: unknown, token: string, context) => {
      if (token === ADMIN_TOKEN) return { name: "ops" };
      context.setUser("\x1b[31mroot");
      return { name: nasty };
    },
    admin: ({ identity }) => Object(identity).name === "ops",
  });
  await using ops = await connectAdmin(server);
  await using raw = await RawClient.open(server);
  raw.send({ id: 0, token: "any", version: nasty });
  await raw.next();
  const table = new ClientTable(ops);
  await table.until(() => table.isComplete);
  const { name, version, user } = table.clients.get(2)!;
  assert(name!.length <= 200 && version.length <= 200);
  assert(nasty.startsWith(version.slice(0, 50)));
  assert.equal(user, "\x1b[31mroot");
  await table.end();
});

Deno.test("a small send buffer limits the items of the stream of clients", async () => {
  await using server = serveAdmin({ limits: { maxBuffered: 8_000 } });
  await using ops = await connectAdmin(server);
  const others = await Promise.all(
    Array.from({ length: 5 }, () => connectPlain(server)),
  );
  const table = new ClientTable(ops);
  await table.until(() => table.isComplete);
  assert.equal(table.clients.size, 6);
  await table.end();
  await Promise.all(others.map((each) => each.close()));
});

/** Reads events until one has a name; returns all of them. */
async function eventsUntil(
  items: { next(): Promise<{ readonly events: readonly AdminEvent[] }> },
  name: string,
): Promise<AdminEvent[]> {
  const seen: AdminEvent[] = [];
  while (!seen.some((event) => event.name === name)) {
    seen.push(...(await items.next()).events);
  }
  return seen;
}

/** Starts a server with handlers, and reads its events. */
async function readEvents(
  options: ServeOptions = {},
  input: object = {},
) {
  const server = serveAdmin(options);
  server.operation("add", () => 3);
  server.operation("fail", () => {
    throw new Error("no database");
  });
  server.operation("count", async function* () {
    yield* [1, 2];
  });
  server.receive("hello", (message) => void message.reply("hi", { n: 1 }));
  server.receive(() => {});
  server.defineRoom("lobby", { publish: true, authorize: () => true });
  const ops = await connectAdmin(server);
  const plain = await connectPlain(server);
  plain.receive(() => {});
  const items = itemsOf(ops.stream("hoist.admin.events", input));
  // The first request can be earlier than the stream.
  const first = items.next();
  let isOpen = false;
  void first.then(() => isOpen = true);
  while (!isOpen) {
    await plain.message("probe");
    await pause(10);
  }
  const close = async () => {
    await items.end();
    await Promise.all([plain.close(), ops.close()]);
    await server.close();
  };
  return { server, ops, plain, items, close };
}

/** Does one of everything that admins see. */
async function useEverything(
  { server, plain }: { readonly server: Server; readonly plain: Connection },
): Promise<void> {
  await plain.operation("add", { a: 1 });
  await plain.operation("fail").catch(() => {});
  await plain.operation("missing").catch(() => {});
  await Array.fromAsync(plain.stream("count"));
  await plain.message("hello", { token: PLAIN_TOKEN });
  const [client] = [...server.clients].filter(({ user }) => user === "plain");
  client?.message("event", { e: 1 });
  await server.broadcast("all", { b: 1 });
  await server.room("lobby").broadcast("room", { r: 1 });
  await plain.message("end");
}

Deno.test("an admin sees the names, sizes, durations and results of events", async () => {
  const read = await readEvents();
  // Admin requests are not shown, also those of clients that are no admins.
  await read.ops.operation("hoist.admin.health");
  await read.plain.operation("hoist.admin.health").catch(() => {});
  await read.plain.message("hoist.admin.health").catch(() => {});
  await useEverything(read);
  const events = await eventsUntil(read.items, "end");
  const shown = events.filter(({ name }) => name !== "probe")
    .map(({ kind, name, client, room, size, result, duration, payload }) => {
      assert.equal(payload, undefined);
      assert.equal(duration === null, kind === "event" || client === null);
      return [kind, name, client, room, size, result];
    });
  assert.deepEqual(shown, [
    ["operation", "add", 2, null, 7, "ok"],
    ["operation", "fail", 2, null, 2, "SERVER_ERROR"],
    ["operation", "missing", 2, null, 2, "UNKNOWN_OPERATION"],
    ["stream", "count", 2, null, 2, "ok"],
    ["event", "hi", 2, null, 7, "ok"],
    ["message", "hello", 2, null, 33, "ok"],
    ["event", "event", 2, null, 7, "ok"],
    ["broadcast", "all", null, null, 7, "ok"],
    ["publish", "room", null, "lobby", 7, "ok"],
    ["message", "end", 2, null, 2, "ok"],
  ]);
  await read.close();
});

Deno.test("an admin sees payloads only with the option, and never a token", async () => {
  const read = await readEvents({ adminPayloads: true });
  await useEverything(read);
  await read.plain.message(PLAIN_TOKEN, { text: ADMIN_TOKEN });
  await read.plain.message("last");
  const events = await eventsUntil(read.items, "last");
  const payloads = new Map(events.map(({ name, payload }) => [name, payload]));
  assert.equal(payloads.get("add"), '{"a":1}');
  assert.equal(payloads.get("room"), '{"r":1}');
  assert.equal(payloads.get("hello"), '{"token":"[redacted]"}');
  assert.equal(payloads.get("[redacted]"), '{"text":"[redacted]"}');
  const text = JSON.stringify(events);
  assert(!text.includes(PLAIN_TOKEN) && !text.includes(ADMIN_TOKEN));
  await read.close();
});

Deno.test("an admin does not see admin requests, and can filter", async () => {
  const input = { names: ["probe", "add", "end"], client: 2 };
  const read = await readEvents({}, input);
  await using third = await connectPlain(read.server);
  await read.ops.operation("hoist.admin.health");
  await read.ops.operation("hoist.admin.broadcast", { name: "add" });
  await read.plain.operation("hoist.admin.health").catch(() => {});
  await third.operation("add");
  await useEverything(read);
  const events = await eventsUntil(read.items, "end");
  const rest = events.filter(({ name }) => name !== "probe");
  assert.deepEqual(rest.map(({ name, client }) => [name, client]), [
    ["add", 2],
    ["end", 2],
  ]);
  await read.close();
});

Deno.test("a client cannot hide its messages behind the names of the admin contract", async () => {
  const read = await readEvents();
  const room = await read.plain.join("lobby");
  await room.publish("hoist.admin.stats", {});
  await read.server.broadcast("hoist.admin.log", {});
  await read.plain.message("end");
  const events = await eventsUntil(read.items, "end");
  const rest = events.filter(({ name }) => name !== "probe");
  assert.deepEqual(rest.map(({ kind, name }) => [kind, name]), [
    ["publish", "hoist.admin.stats"],
    ["broadcast", "hoist.admin.log"],
    ["message", "end"],
  ]);
  await read.close();
});

Deno.test("a sample of 0 shows nothing, and nothing is prepared for it", async () => {
  await using server = serveAdmin();
  await using ops = await connectAdmin(server);
  await using plain = await connectPlain(server);
  const items = itemsOf(ops.stream("hoist.admin.events", { sample: 0 }));
  const all = itemsOf(ops.stream("hoist.admin.events"));
  const first = items.next();
  first.catch(() => {});
  const seen = all.next();
  const { promise, resolve } = Promise.withResolvers<void>();
  void seen.then(() => resolve());
  const timer = setInterval(() => void plain.message("probe"), 10);
  await promise;
  clearInterval(timer);
  assert.equal(await Promise.race([first, pause(100)]), undefined);
  await Promise.all([items.end(), all.end()]);
});

Deno.test("a reader that vanishes leaves nothing behind", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({ logger });
  server.receive(() => {});
  await using plain = await connectPlain(server);
  for (const end of ["abort", "close"] as const) {
    await using ops = await connectAdmin(server);
    const streams = [
      ops.stream("hoist.admin.log"),
      ops.stream("hoist.admin.events"),
      ops.stream("hoist.admin.clients", { interval: 60_000 }),
      ops.stream("hoist.admin.stats", { interval: 3_600_000 }),
    ].map((stream) => itemsOf<unknown>(stream));
    const reading = streams.map((stream) => stream.next().catch(() => {}));
    await Promise.all(reading.slice(2));
    const client = [...server.clients].find(({ user }) => user === "ops")!;
    if (end === "abort") await Promise.all(streams.map((each) => each.end()));
    await ops.close();
    await client.closed;
    await Promise.all(reading);
    await plain.message("after");
  }
});

Deno.test("an admin that opens too many streams gets an error, and can end one", async () => {
  await using server = serveAdmin();
  await using ops = await connectAdmin(server);
  const open = () => itemsOf(ops.stream("hoist.admin.stats"));
  const streams = Array.from({ length: MAX_STREAMS }, open);
  await Promise.all(streams.map((stream) => stream.next()));
  await assert.rejects(open().next(), { name: "ResponseError", code: 9 });
  await streams[0]!.end();
  const another = open();
  await another.next();
  await Promise.all([another, ...streams].map((stream) => stream.end()));
});

Deno.test("a server with readers closes at once", async () => {
  const server = serveAdmin({ closeTimeout: 60_000 });
  const ops = await connectAdmin(server);
  const streams = [
    ops.stream("hoist.admin.log"),
    ops.stream("hoist.admin.events"),
    ops.stream("hoist.admin.clients", { interval: 60_000 }),
    ops.stream("hoist.admin.stats", { interval: 3_600_000 }),
  ].map((stream) => itemsOf<unknown>(stream));
  const reading = streams.map((stream) => stream.next().catch(() => {}));
  await Promise.all(reading.slice(2));
  const begin = performance.now();
  await server.close();
  assert(performance.now() - begin < 30_000);
  await Promise.all(reading);
  await ops.close();
});

Deno.test("a Python client can be an admin", async () => {
  await using server = serveAdmin();
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: ADMIN_TOKEN, version: "1.0.0" });
  await client.next();
  const data = { operation: "hoist.admin.health", data: {} };
  client.send({ id: 1, action: "operation", data });
  assert.equal((await client.next()).data.result.status, "ok");
});

Deno.test("an admin that reconnects reads its streams again", async () => {
  await using server = serveAdmin();
  const options = { url: server.url, reconnect: { maxQueue: 1 } };
  await using ops = await connect(ADMIN_TOKEN, options);
  const read = () => itemsOf(ops.stream("hoist.admin.stats"));
  const lost = read();
  await lost.next();
  const [client] = server.clients;
  ops.reconnect();
  await assert.rejects(
    async () => {
      while (true) await lost.next();
    },
    { name: "ConnectionClosedError" },
  );
  // It waits for the next connection.
  const stats = read();
  await stats.next();
  assert.notEqual([...server.clients][0], client);
  await stats.end();
});
