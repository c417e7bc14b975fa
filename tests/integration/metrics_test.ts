/** The numbers of the metrics after a known sequence of events. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { ApplicationError } from "../../common/errors.ts";
import { memory } from "../../broker/memory.ts";
import { ADMIN_TOKEN, connectAdmin, PLAIN_TOKEN } from "../support/admin.ts";
import {
  readMetrics,
  requestMetrics,
  serveMetrics,
  valuesOf,
} from "../support/metrics.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { requestUpgrade } from "../support/tcp_peer.ts";

const LOGIN = { id: 0, token: PLAIN_TOKEN, version: "1.0.0" };

/** A WebSocket that counts the frames and the characters of both directions. */
class CountingSocket {
  readonly sent = { frames: 0, characters: 0 };
  readonly received = { frames: 0, characters: 0 };
  readonly #socket: WebSocket;
  #onFrame = () => {};

  constructor(url: string) {
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/hoist`);
    this.#socket.onmessage = ({ data }) => {
      this.received.frames++;
      this.received.characters += data.length;
      this.#onFrame();
    };
  }

  /** Resolves when the socket is open. */
  async open(): Promise<this> {
    await new Promise((resolve) => this.#socket.onopen = resolve);
    return this;
  }

  /** Sends a frame, and resolves when `answers` frames have arrived. */
  async send(frame: unknown, answers: number): Promise<void> {
    const text = JSON.stringify(frame);
    this.sent.frames++;
    this.sent.characters += text.length;
    const expected = this.received.frames + answers;
    const arrived = new Promise<void>((resolve) => {
      this.#onFrame = () => {
        if (this.received.frames === expected) resolve();
      };
    });
    this.#socket.send(text);
    await arrived;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.close();
    await closed;
  }
}

Deno.test("connections, logins and bytes are exact", async () => {
  await using server = serveMetrics({ limits: { maxLoginFailures: 100 } });
  server.operation("add", ({ a, b }) => Number(a) + Number(b));
  await using one = await new CountingSocket(server.url).open();
  await one.send(LOGIN, 1);
  await using two = await new CountingSocket(server.url).open();
  await two.send(LOGIN, 1);
  await two.send(operation(1, "add", { a: 1, b: 2 }), 1);
  const wrong = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const client = await new CountingSocket(server.url).open();
    await client.send({ ...LOGIN, token: `wrong ${attempt}` }, 1);
    await client[Symbol.asyncDispose]();
    wrong.push(client);
  }
  await using silent = await new CountingSocket(server.url).open();
  const metrics = await readMetrics(server);
  const all = [one, two, silent, ...wrong];
  const sum = (values: number[]) => values.reduce((a, b) => a + b);
  assert.equal(metrics.get("hoist_connections"), 3);
  assert.equal(metrics.get("hoist_clients"), 2);
  assert.equal(
    metrics.get("hoist_received_frames_total"),
    sum(all.map(({ sent }) => sent.frames)),
  );
  assert.equal(
    metrics.get("hoist_received_bytes_total"),
    sum(all.map(({ sent }) => sent.characters)),
  );
  assert.equal(
    metrics.get("hoist_sent_frames_total"),
    sum(all.map(({ received }) => received.frames)),
  );
  assert.equal(
    metrics.get("hoist_sent_bytes_total"),
    sum(all.map(({ received }) => received.characters)),
  );
  assert.deepEqual(valuesOf(metrics, "hoist_logins_total"), {
    '{result="accepted"}': 2,
    '{result="wrong_token"}': 3,
  });
  assert.deepEqual(valuesOf(metrics, "hoist_upgrades_total"), {
    '{result="accepted"}': 6,
  });
  assert.deepEqual(valuesOf(metrics, "hoist_disconnects_total"), {
    '{code="1008"}': 3,
  });
});

Deno.test("operations and messages are counted by name and result", async () => {
  await using server = serveMetrics();
  server.operation("add", ({ a, b }) => Number(a) + Number(b));
  server.operation("later", async () => await Promise.resolve(1));
  server.operation("crash", () => {
    throw new Error("a bug");
  });
  server.operation("refuse", () => {
    throw new ApplicationError("taken");
  });
  server.receive("hello", () => {});
  server.receive("wrong", () => {
    throw new Error("a bug");
  });
  await using client = await RawClient.logIn({
    url: server.url,
    token: PLAIN_TOKEN,
  });
  const names = ["add", "add", "later", "crash", "refuse", "stranger"];
  for (const [id, name] of names.entries()) {
    client.send(operation(id, name, { a: 1, b: 2 }));
    await client.next();
  }
  for (const [id, name] of ["hello", "hello", "wrong", "unknown"].entries()) {
    client.send(message(id, name));
    // A client of Hoist 1 gets the frames `open` and `done`, or an error.
    await client.take(2);
  }
  const metrics = await readMetrics(server);
  assert.deepEqual(valuesOf(metrics, "hoist_operations_total"), {
    '{name="_other",result="rejected"}': 1,
    '{name="add",result="ok"}': 2,
    '{name="later",result="ok"}': 1,
    '{name="crash",result="failed"}': 1,
    '{name="refuse",result="error"}': 1,
  });
  assert.deepEqual(valuesOf(metrics, "hoist_messages_total"), {
    '{name="_other",result="ok"}': 1,
    '{name="hello",result="ok"}': 2,
    '{name="wrong",result="failed"}': 1,
  });
  const count = "hoist_operation_duration_seconds_count";
  assert.deepEqual(valuesOf(metrics, count), {
    '{name="add"}': 2,
    '{name="later"}': 1,
    '{name="crash"}': 1,
    '{name="refuse"}': 1,
  });
  assert.equal(metrics.get("hoist_requests_in_progress"), 0);
});

Deno.test("streams and their items are counted, and end as cancelled or done", async () => {
  await using server = serveMetrics();
  server.operation("three", async function* () {
    yield* [1, 2, 3];
  });
  server.operation("endless", async function* () {
    for (let item = 0;; item++) yield item;
  });
  await using connection = await connect(PLAIN_TOKEN, { url: server.url });
  for await (const _ of connection.stream("three"));
  const stream = connection.stream("endless", {}, { buffer: 1 });
  await stream[Symbol.asyncIterator]().next();
  const open = await readMetrics(server);
  assert.equal(open.get("hoist_open_streams"), 1);
  assert.equal(open.get("hoist_requests_in_progress"), 1);
  await stream[Symbol.asyncIterator]().return?.();
  // The answer to the next call comes after the end of the stream.
  await connection.operation("none").catch(() => {});
  const metrics = await readMetrics(server);
  assert.equal(metrics.get("hoist_open_streams"), 0);
  assert.equal(metrics.get('hoist_stream_items_total{name="three"}'), 3);
  assert.deepEqual(valuesOf(metrics, "hoist_streams_total"), {
    '{name="three",result="ok"}': 1,
    '{name="endless",result="cancelled"}': 1,
  });
});

Deno.test("names that clients invent never become labels", async () => {
  await using server = serveMetrics();
  server.operation('quote"back\\slash\nline', () => 1);
  server.receive(() => {});
  await using client = await RawClient.logIn({
    url: server.url,
    token: PLAIN_TOKEN,
  });
  const names = ["SECRET", 'SECRET"} 1\nhoist_fake 1', "__proto__", "toString"];
  for (const [id, name] of names.entries()) {
    client.send(operation(id, name));
    await client.next();
    client.send(message(id, name));
    await client.take(2);
  }
  const { body } = await requestMetrics(server, `Bearer ${ADMIN_TOKEN}`);
  for (const part of ["SECRET", "hoist_fake", "__proto__", "toString"]) {
    assert(!body.includes(part), part);
  }
  const label = 'name="quote\\"back\\\\slash\\nline"';
  assert(body.includes(`hoist_operations_total{${label},result="ok"} 0\n`));
  const metrics = await readMetrics(server);
  assert.deepEqual(valuesOf(metrics, "hoist_operations_total"), {
    '{name="_other",result="rejected"}': 4,
  });
});

Deno.test("requests of admins are not counted, and refused ones have no label", async () => {
  await using server = serveMetrics();
  await using admin = await connectAdmin(server);
  await admin.operation("hoist.admin.health");
  for await (const _ of admin.stream("hoist.admin.stats")) break;
  await using plain = await RawClient.logIn({
    url: server.url,
    token: PLAIN_TOKEN,
  });
  plain.send(operation(1, "hoist.admin.health"));
  await plain.next();
  const metrics = await readMetrics(server);
  assert(![...metrics.keys()].some((key) => key.includes("hoist.admin")));
  assert.deepEqual(valuesOf(metrics, "hoist_operations_total"), {
    '{name="_other",result="rejected"}': 1,
  });
  assert.deepEqual(valuesOf(metrics, "hoist_streams_total"), {});
});

Deno.test("broadcasts, rooms and publications are counted", async () => {
  await using server = serveMetrics();
  server.defineRoom("chat:{id}", { authorize: () => true, publish: true });
  await using one = await connect(PLAIN_TOKEN, { url: server.url });
  await using two = await connect(PLAIN_TOKEN, { url: server.url });
  for (const each of [one, two]) each.receive(() => {});
  await one.join("chat:1");
  const room = await two.join("chat:1");
  await two.join("chat:2");
  await room.publish("hi", { n: 1 });
  await server.room("chat:1").broadcast("news");
  await server.broadcast("hello");
  await server.user("plain").message("mail");
  const metrics = await readMetrics(server);
  assert.equal(metrics.get("hoist_rooms"), 2);
  assert.equal(metrics.get("hoist_room_members"), 3);
  assert.deepEqual(valuesOf(metrics, "hoist_publications_total"), {
    '{result="stored"}': 2,
  });
  assert.deepEqual(valuesOf(metrics, "hoist_broadcasts_total"), {
    '{kind="broadcast"}': 1,
    '{kind="user"}': 1,
  });
  assert.deepEqual(valuesOf(metrics, "hoist_deliveries_total"), {
    '{kind="broadcast",result="delivered"}': 2,
    '{kind="user",result="delivered"}': 2,
    '{kind="room",result="delivered"}': 4,
  });
});

Deno.test("limits are counted where they apply", async () => {
  await using server = serveMetrics({
    limits: {
      ...{ maxDepth: 2, maxPayload: 300, maxPending: 1 },
      perName: { rare: { maxRate: 0.001 } },
    },
  });
  server.operation("rare", () => 1);
  const never = Promise.withResolvers<void>();
  server.operation("slow", () => never.promise);
  const peer = { url: server.url, token: PLAIN_TOKEN };
  await using client = await RawClient.logIn(peer);
  await using busy = await RawClient.logIn(peer);
  await using large = await RawClient.logIn(peer);
  client.send(operation(1, "rare"));
  client.send(operation(2, "rare"));
  client.send(operation(3, "rare", { a: { b: { c: 1 } } }));
  await client.take(3);
  busy.send(operation(1, "slow"));
  busy.send(operation(2, "slow"));
  await busy.next();
  large.send(operation(1, "rare", { text: "x".repeat(300) }));
  await large.closed;
  const metrics = await readMetrics(server);
  assert.deepEqual(valuesOf(metrics, "hoist_limit_hits_total"), {
    '{limit="perName.maxRate"}': 1,
    '{limit="maxDepth"}': 1,
    '{limit="maxPending"}': 1,
    '{limit="maxPayload"}': 1,
  });
  assert.equal(metrics.get("hoist_requests_in_progress"), 1);
  assert.deepEqual(valuesOf(metrics, "hoist_operations_total"), {
    '{name="rare",result="ok"}': 1,
    '{name="rare",result="rejected"}': 1,
    '{name="slow",result="rejected"}': 1,
  });
  never.resolve();
  await busy.next();
});

Deno.test("rejected upgrades and logins are counted by their reason", async () => {
  await using server = serveMetrics({
    limits: { maxConnections: 1 },
    minimumVersion: "1.0.0",
  });
  await using old = await RawClient.open(server);
  old.send({ ...LOGIN, version: "0.9.0" });
  await old.closed;
  await using malformed = await RawClient.open(server);
  malformed.send("no JSON");
  await malformed.closed;
  const origin = "Origin: https://example.org";
  assert.equal((await requestUpgrade(server, [origin])).status, 403);
  await using early = await RawClient.open(server);
  await using _member = await RawClient.logIn({
    url: server.url,
    token: PLAIN_TOKEN,
  });
  assert.equal((await requestUpgrade(server)).status, 503);
  early.send(LOGIN);
  await early.closed;
  const metrics = await readMetrics(server);
  assert.deepEqual(valuesOf(metrics, "hoist_logins_total"), {
    '{result="accepted"}': 1,
    '{result="bad_version"}': 1,
    '{result="malformed"}': 1,
    '{result="maxConnections"}': 1,
  });
  assert.deepEqual(valuesOf(metrics, "hoist_upgrades_total"), {
    '{result="accepted"}': 4,
    '{result="origin"}': 1,
    '{result="maxConnections"}': 1,
  });
  assert.deepEqual(valuesOf(metrics, "hoist_limit_hits_total"), {
    '{limit="maxConnections"}': 2,
  });
});

Deno.test("upgrades with an invalid handshake are counted", async () => {
  await using server = serveMetrics();
  const key = "dGhlIHNhbXBsZSBub25jZQ==";
  const upgrade = { upgrade: "websocket", "sec-websocket-key": key };
  const headers = [
    { "sec-websocket-key": key },
    { ...upgrade, "sec-websocket-version": "12" },
    // Deno does not upgrade a request without the header Connection.
    { ...upgrade, "sec-websocket-version": "13" },
  ];
  const statuses = await Promise.all(headers.map(async (each) => {
    const request = new Request(`${server.url}/hoist`, {
      headers: { host: "localhost", ...each },
    });
    return (await server.fetch(request)).status;
  }));
  assert.deepEqual(statuses, [426, 426, 426]);
  const metrics = await readMetrics(server);
  assert.deepEqual(valuesOf(metrics, "hoist_upgrades_total"), {
    '{result="invalid"}': 3,
  });
});

Deno.test("a request to a client is counted by how it ends", async () => {
  await using server = serveMetrics();
  await using connection = await connect(PLAIN_TOKEN, { url: server.url });
  connection.receive("ask", (question) => void question.reply("answer"));
  connection.receive("mute", () => {});
  const [client] = server.clients;
  assert(client !== undefined);
  await client.request("ask");
  await client.request("mute").catch(() => {});
  const aborted = AbortSignal.abort();
  await client.request("ask", {}, { signal: aborted }).catch(() => {});
  const metrics = await readMetrics(server);
  assert.deepEqual(valuesOf(metrics, "hoist_client_requests_total"), {
    '{result="ok"}': 1,
    '{result="no_reply"}': 1,
  });
});

Deno.test("a server with a broker exports its state and the number of servers", async () => {
  const engine = memory();
  await using one = serveMetrics({ broker: engine });
  await using two = serveMetrics({ broker: engine });
  await using _first = await connect(PLAIN_TOKEN, { url: one.url });
  await using _second = await connect(PLAIN_TOKEN, { url: two.url });
  const metrics = await readMetrics(one);
  assert.equal(metrics.get("hoist_nodes"), 2);
  assert.deepEqual(valuesOf(metrics, "hoist_broker_state"), {
    '{state="up"}': 1,
  });
});
