/** Requests to clients of other servers, and messages between the applications. */

import assert from "node:assert/strict";
import {
  ConnectionClosedError,
  HoistError,
  NoNodeError,
  NoReplyError,
  PublishError,
  TimeoutError,
} from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { Servers } from "../support/servers.ts";
import {
  gate,
  onlyTimersUpTo,
  settlesAtOnce,
  until,
} from "../support/timing.ts";

/** Connects a client to the second server, and returns its global id. */
async function connectRemote(servers: Servers) {
  const connection = await servers.connect(1);
  const [client] = servers.at(1).clients;
  return { connection, globalId: client!.globalId };
}

Deno.test("a request reaches a client on whichever server it is", async () => {
  await using servers = await Servers.start(2);
  const { connection, globalId } = await connectRemote(servers);
  connection.receive("add", (message) => {
    const { a, b } = message.data;
    message.reply("sum", { sum: Number(a) + Number(b) });
  });
  for (const server of servers.all) {
    const client = server.client(globalId);
    assert.equal(client.globalId, globalId);
    assert.equal(client.node, servers.at(1).cluster.id);
    const reply = await client.request("add", { a: 1, b: 2 });
    assert.equal(reply.name, "sum");
    assert.deepEqual(reply.data, { sum: 3 });
  }
});

Deno.test("a message reaches a client on whichever server it is", async () => {
  await using servers = await Servers.start(2);
  const { connection, globalId } = await connectRemote(servers);
  const seen: unknown[] = [];
  connection.receive("hello", ({ data }) => void seen.push(data.n));
  for (const [n, server] of servers.all.entries()) {
    await server.client(globalId).message("hello", { n });
  }
  await until(() => seen.length === 2, "both messages arrived");
  assert.deepEqual(seen, [0, 1]);
});

Deno.test("a request reports the errors of the client as they are", async () => {
  await using servers = await Servers.start(2);
  const { connection, globalId } = await connectRemote(servers);
  connection.receive("silent", () => {});
  const { opened, open } = gate();
  connection.receive("slow", () => opened);
  for (const server of servers.all) {
    const client = server.client(globalId);
    const noReply = await client.request("silent").catch((error) => error);
    assert(noReply instanceof NoReplyError);
    assert.equal(noReply.hasFailed, false);
    assert.match(noReply.message, /request "silent"/);
    const timedOut = client.request("slow", {}, { timeout: 50 });
    await assert.rejects(timedOut, TimeoutError);
    await assert.rejects(client.request("x", { n: NaN }), TypeError);
    const signal = AbortSignal.timeout(20);
    const aborted = client.request("slow", {}, { signal });
    await assert.rejects(aborted, { name: "TimeoutError" });
  }
  open();
  await connection.close();
  await until(() => servers.at(1).clients.size === 0, "the client has left");
  for (const server of servers.all) {
    const client = server.client(globalId);
    await assert.rejects(client.request("silent"), ConnectionClosedError);
    // As for a client of this server, this does nothing.
    await client.message("silent");
  }
});

Deno.test("a request to a client of another server can have any timeout", async () => {
  await using servers = await Servers.start(2);
  const { connection, globalId } = await connectRemote(servers);
  connection.receive("hello", (message) => message.reply("hi"));
  const client = servers.at(0).client(globalId);
  servers.at(0).operation("ask", async () => {
    const { name } = await client.request("hello");
    return name;
  });
  const reply = await client.request("hello", {}, { timeout: 59_999.5 });
  assert.equal(reply.name, "hi");
  // The handler has the rest of this time, which is hardly ever a whole number.
  await using caller = await servers.connect(0);
  const timeout = 60_000;
  assert.equal(await caller.operation("ask", {}, { timeout }), "hi");
});

Deno.test("a request to a client of a server that has ended fails at once", async () => {
  await using servers = await Servers.start(2);
  const { globalId } = await connectRemote(servers);
  await servers.at(1).close();
  const client = servers.at(0).client(globalId);
  const calls = [() => client.request("hello"), () => client.message("hello")];
  for (const call of calls) {
    const calling = call();
    assert(await settlesAtOnce(calling));
    await assert.rejects(calling, NoNodeError);
  }
});

Deno.test("a request fails if both servers end before the reply", async () => {
  await using servers = await Servers.start(2);
  const { connection, globalId } = await connectRemote(servers);
  const { opened, open } = gate();
  const asked = Promise.withResolvers<void>();
  connection.receive("slow", () => (asked.resolve(), opened));
  const request = servers.at(0).client(globalId).request("slow");
  request.catch(() => {});
  await asked.promise;
  servers.node(1).kill();
  await Promise.all(servers.all.map((server) => server.close({ timeout: 0 })));
  await assert.rejects(
    request,
    (error) =>
      error instanceof NoNodeError || error instanceof ConnectionClosedError,
  );
  open();
});

Deno.test("a request to a client of a frozen server times out", async () => {
  // The lease of the frozen server must not end first.
  using _timers = onlyTimersUpTo(1_000);
  await using servers = await Servers.start(2);
  const { connection, globalId } = await connectRemote(servers);
  connection.receive("hello", (message) => message.reply("hi"));
  servers.node(1).freeze();
  const client = servers.at(0).client(globalId);
  await assert.rejects(
    client.request("hello", {}, { timeout: 100 }),
    TimeoutError,
  );
  await servers.node(1).thaw();
  const reply = await client.request("hello");
  assert.equal(reply.name, "hi");
});

Deno.test("a request to a client of another server fails while the engine is down", async () => {
  await using servers = await Servers.start(2);
  const { globalId } = await connectRemote(servers);
  servers.engine.stop();
  const client = servers.at(0).client(globalId);
  await assert.rejects(client.request("hello"), PublishError);
  await assert.rejects(client.message("hello"), PublishError);
  await servers.engine.start();
});

Deno.test("a global id must have its form", async () => {
  await using servers = await Servers.start(1);
  for (const id of ["", "1", "a.b", ".1", "a.1.2", 5, undefined]) {
    assert.throws(
      () => servers.at(0).client(id as string),
      /TypeError: Cannot use the client: the id must be the globalId/,
    );
  }
  const unknown = servers.at(0).client("no-server.1");
  await assert.rejects(unknown.request("hello"), NoNodeError);
});

Deno.test("applications of servers send each other messages", async () => {
  await using servers = await Servers.start(3);
  const [first, second, third] = servers.all;
  const seen: unknown[] = [];
  for (const { cluster } of [second!, third!]) {
    cluster.receive("hello", ({ n }, from) => void seen.push([n, from]));
  }
  const { id } = first!.cluster;
  assert.deepEqual(
    new Set(first!.cluster.nodes),
    new Set([second!.cluster.id, third!.cluster.id]),
  );
  await first!.cluster.message(undefined, "hello", { n: 1 });
  await first!.cluster.message(second!.cluster.id, "hello", { n: 2 });
  await until(() => seen.length === 3, "three messages arrived");
  assert.deepEqual(seen, [[1, id], [1, id], [2, id]]);
});

Deno.test("applications of servers send each other requests", async () => {
  await using servers = await Servers.start(2);
  const [{ cluster }, { cluster: other }] = [servers.at(0), servers.at(1)];
  const handler = other.receive("add", ({ a, b }) => ({
    sum: Number(a) + Number(b),
  }));
  other.receive("nothing", () => {});
  other.receive("fail", () => {
    throw new Error("a secret");
  });
  other.receive("hang", () => new Promise<never>(() => {}));
  const sum = await cluster.request(other.id, "add", { a: 1, b: 2 });
  assert.deepEqual(sum, { sum: 3 });
  assert.deepEqual(await cluster.request(other.id, "nothing"), {});
  const failed = await cluster.request(other.id, "fail").catch((e) => e);
  assert(failed instanceof HoistError);
  assert.doesNotMatch(failed.message, /secret/);
  const hanging = cluster.request(other.id, "hang", {}, { timeout: 50 });
  await assert.rejects(hanging, TimeoutError);
  await assert.rejects(cluster.request("nobody", "add"), NoNodeError);
  handler[Symbol.dispose]();
  await assert.rejects(
    cluster.request(other.id, "add"),
    /HoistError: .* has no handler for message "add"/,
  );
  assert.throws(
    () => other.receive("hang", () => {}),
    /TypeError: Cannot receive .*"hang"/,
  );
  other.receive("add", () => ({ sum: 0 }));
  // The first registration has ended, so it cannot end another one.
  handler[Symbol.dispose]();
  assert.deepEqual(await cluster.request(other.id, "add"), { sum: 0 });
});

Deno.test("a reply that JSON changes does not reach another server as another one", async () => {
  await using servers = await Servers.start(2);
  await using client = await RawClient.logIn(servers.at(1), ["request"]);
  const [{ globalId } = { globalId: "" }] = servers.at(1).clients;
  const asked = servers.at(0).client(globalId).request("size");
  const { data: replying } = await client.next();
  const data = `"replying":${JSON.stringify(replying)},"data":{"n":1e400}`;
  client.send(
    `{"id":1,"action":"message","data":{"message":"size is",${data}}}`,
  );
  const error = await rejection(asked);
  assert(error instanceof HoistError);
  assert.match(
    error.message,
    /^Cannot finish request "size": the reply .* as JSON: data\.n is Infinity/,
  );
});

for (const answer of [{ n: NaN }, { at: new Map() as never }]) {
  Deno.test(`an answer that JSON changes does not reach another server: ${Deno.inspect(answer)}`, async () => {
    const logger = new LogRecorder();
    await using servers = await Servers.start(2, { logger });
    const [{ cluster }, { cluster: other }] = [servers.at(0), servers.at(1)];
    other.receive("load", () => answer);
    const error = await rejection(cluster.request(other.id, "load"));
    assert(error instanceof HoistError);
    assert.match(error.message, /could not handle message "load"/);
    await logger.line(
      /the handler of message "load" of another server failed\n[^]*the answer to message "load": its data cannot be encoded as JSON: data\./,
    );
  });
}
