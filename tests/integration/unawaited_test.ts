/** Promises that the application does not await: their failure does not end the program. */

import assert from "node:assert/strict";
import { MAX_PAYLOAD } from "../../broker/cluster.ts";
import { memory } from "../../broker/memory.ts";
import type { Connection } from "../../client/connection.ts";
import { connect } from "../../client.ts";
import { type Client, defineContract } from "../../server.ts";
import { recordingServer, successFrame } from "../support/fake_server.ts";
import { schemaOf } from "../support/schemas.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { Servers } from "../support/servers.ts";
import { endOfTick, gate, pause } from "../support/timing.ts";

/** Collects the rejections that nothing handles, which would end a program. */
class Rejections implements Disposable {
  readonly errors: unknown[] = [];
  readonly #listener = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    this.errors.push(event.reason);
  };

  constructor() {
    addEventListener("unhandledrejection", this.#listener);
  }

  [Symbol.dispose](): void {
    removeEventListener("unhandledrejection", this.#listener);
  }
}

/** Starts requests of every kind; returns their promises. */
type Start = (connection: Connection) => Promise<unknown>;

const REQUESTS: Readonly<Record<string, Start>> = {
  message: (connection) => connection.message("never"),
  request: (connection) => connection.request("never"),
  operation: (connection) => connection.operation("never"),
  "stream.next": (connection) => connection.stream("never").next(),
};

/** Waits until a rejection would have been reported. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await endOfTick();
}

function serveNever() {
  const server = serveQuietly({ closeTimeout: 1 });
  server.receive("never", () => new Promise(() => {}));
  server.operation("never", () => new Promise(() => {}));
  server.receive("fail", () => {
    throw new Error("failed");
  });
  return server;
}

function firstClient(clients: ReadonlySet<Client>): Client {
  const [client] = clients;
  assert(client);
  return client;
}

for (const [name, start] of Object.entries(REQUESTS)) {
  Deno.test(`the loss of the connection does not reject an unawaited ${name} unhandled`, async () => {
    using rejections = new Rejections();
    await using server = serveNever();
    const connection = await connectTo(server);
    const awaited = start(connection);
    void start(connection);
    await connection.close();
    void start(connection);
    await settle();
    assert.deepEqual(rejections.errors, []);
    await assert.rejects(awaited, { name: "ConnectionClosedError" });
  });
}

Deno.test("the loss of the connection does not reject an unawaited reply unhandled", async () => {
  using rejections = new Rejections();
  await using server = serveNever();
  await using connection = await connectTo(server);
  const { opened: replied, open } = gate();
  let reply: Promise<unknown> | undefined;
  connection.receive("sure?", (message) => {
    reply = message.reply("never");
    void message.reply("never");
    open();
  });
  firstClient(server.clients).message("sure?");
  await replied;
  firstClient(server.clients).close(4000, "bye");
  await connection.closed;
  await settle();
  assert.deepEqual(rejections.errors, []);
  await assert.rejects(reply!, { name: "ConnectionClosedError" });
});

Deno.test("the loss of the connection does not reject an unawaited request of the server unhandled", async () => {
  using rejections = new Rejections();
  await using server = serveNever();
  const connection = await connectTo(server);
  connection.receive("sure?", () => new Promise(() => {}));
  const client = firstClient(server.clients);
  const awaited = client.request("sure?");
  void client.request("sure?");
  await connection.close();
  await assert.rejects(awaited, { name: "ConnectionClosedError" });
  void client.request("sure?");
  await settle();
  assert.deepEqual(rejections.errors, []);
});

Deno.test("an error of the server, a timeout and an abort do not reject unawaited messages unhandled", async () => {
  using rejections = new Rejections();
  await using server = serveNever();
  await using connection = await connectTo(server);
  const controller = new AbortController();
  void connection.message("never", {}, { timeout: 1 });
  void connection.message("never", {}, { signal: controller.signal });
  void connection.message("fail");
  await connection.message("fail").catch(() => {});
  controller.abort();
  await pause(50);
  assert.deepEqual(rejections.errors, []);
});

Deno.test("an invalid argument rejects an unawaited request unhandled", async () => {
  using rejections = new Rejections();
  await using server = serveNever();
  await using connection = await connectTo(server);
  void connection.message("never", 1 as never);
  void connection.operation("never", {}, { timeout: -1 });
  const toJSON = () => new Date(NaN).toISOString();
  void connection.operation("never", { at: { toJSON } as never });
  await settle();
  const names = rejections.errors.map((error) => (error as Error).name);
  assert.deepEqual(names.sort(), ["RangeError", "TypeError", "TypeError"]);
});

Deno.test("a server that accepts only tiny frames does not end the program", async () => {
  using rejections = new Rejections();
  const answer = successFrame(0, null, {
    features: ["max-payload"],
    maxPayload: 1,
  });
  await using server = recordingServer(answer, () => {});
  await using connection = await connectTo(server);
  void connection.message("hello");
  void connection.request("hello");
  void connection.operation("hello");
  await assert.rejects(connection.message("hello"), { name: "RangeError" });
  await settle();
  assert.deepEqual(rejections.errors, []);
});

Deno.test("data that is nested too deeply does not end a program that sends it back", async () => {
  using rejections = new Rejections();
  const depth = 100_000;
  const data = `${'{"a":'.repeat(depth)}0${"}".repeat(depth)}`;
  const event = successFrame(null, "s_newmsg", {
    message: "deep",
    data: {},
    id: 1,
    replying: null,
  });
  await using server = recordingServer(successFrame(0, null), (socket) => {
    socket.send(event.replace('"data":{},', `"data":${data},`));
  });
  await using connection = await connectTo(server);
  const { opened: replied, open } = gate();
  connection.receive("deep", (message) => {
    void message.reply("echo", message.data);
    open();
  });
  void connection.message("start");
  await replied;
  await settle();
  assert.deepEqual(rejections.errors, []);
});

Deno.test("a reply to a message that is nested too deeply does not end the program", async () => {
  using rejections = new Rejections();
  const depth = 100_000;
  // With numbers as keys, JSON.stringify needs a deeper stack than JSON.parse.
  const data = `${'{"0":'.repeat(depth)}0${"}".repeat(depth)}`;
  const frame =
    `{"success":true,"message":"s_newmsg","data":{"message":"deep","data":${data},"id":1,"replying":null}}`;
  await using server = recordingServer(
    successFrame(0, null),
    (socket) => socket.send(frame),
  );
  await using connection = await connectTo(server);
  const { opened: replied, open } = gate();
  const failures: unknown[] = [];
  connection.receive("deep", async (message) => {
    void message.reply("seen");
    await message.reply("seen").catch((error) => failures.push(error));
    open();
  });
  void connection.message("start");
  await replied;
  await settle();
  assert.deepEqual(rejections.errors, []);
  assert.match(
    String(failures),
    /^TypeError: Cannot send message "seen": the message that it replies to cannot be encoded as JSON: Maximum call stack size exceeded/,
  );
});

Deno.test("a schema that throws for what the server sent does not end the program", async () => {
  using rejections = new Rejections();
  const fail = (value: unknown) => Object(value).rows.map(String);
  const operations = {
    now: { output: schemaOf(fail) },
    later: { output: schemaOf((value) => Promise.resolve(value).then(fail)) },
  };
  const contract = defineContract({
    messages: { hello: { replies: { hi: schemaOf(fail) as never } } },
    operations,
  });
  await using server = serveQuietly();
  server.receive("hello", (message) => void message.reply("hi", { n: 1 }));
  for (const name in operations) server.operation(name, () => ({ n: 1 }));
  const { url } = server;
  const options = { url, contract, validate: "all" } as const;
  await using connection = await connect("test", options);
  void connection.message("hello");
  void connection.request("hello");
  void connection.operation("now");
  void connection.operation("later");
  await assert.rejects(connection.operation("later"), TypeError);
  await settle();
  assert.deepEqual(rejections.errors, []);
});

Deno.test("broadcast() resolves to zeros while the server closes and afterwards", async () => {
  using rejections = new Rejections();
  const server = serveQuietly();
  const nobody = {
    delivered: 0,
    skipped: 0,
    replaced: 0,
    failed: 0,
    position: null,
  };
  const closing = server.close();
  assert.deepEqual(await server.broadcast("tick"), nobody);
  await closing;
  assert.deepEqual(await server.broadcast("tick"), nobody);
  await settle();
  assert.deepEqual(rejections.errors, []);
});

Deno.test("data that is too large for other servers does not end the program", async () => {
  using rejections = new Rejections();
  await using server = serveQuietly({ broker: memory() });
  await server.cluster.ready;
  const data = { text: "x".repeat(MAX_PAYLOAD) };
  void server.broadcast("big", data);
  void server.user("ada").message("big", data);
  void server.cluster.message(undefined, "big", data);
  await assert.rejects(server.broadcast("big", data), { name: "RangeError" });
  await settle();
  assert.deepEqual(rejections.errors, []);
});

Deno.test("a number that JSON changes does not end a program that sends it to a user", async () => {
  using rejections = new Rejections();
  await using server = serveQuietly();
  void server.user("ada").message("count", { n: NaN });
  await settle();
  assert.deepEqual(rejections.errors, []);
});

Deno.test("a broker that is down does not end a program that changes tokens or clears a room", async () => {
  using rejections = new Rejections();
  const tokens = [{ name: "ci", token: "a long secret of the build" }];
  await using servers = await Servers.start(1, { tokens });
  const server = servers.at(0);
  server.defineRoom("a", { history: { size: 1 } });
  servers.node(0).cut();
  void server.revoke("ci");
  void server.rotate("a new long secret");
  void server.room("a").clear();
  await assert.rejects(server.room("a").clear(), { name: "PublishError" });
  await settle();
  assert.deepEqual(rejections.errors, []);
});
