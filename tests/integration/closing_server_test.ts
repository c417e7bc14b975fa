/** How a server closes: in bounded time, and with a close code for each client. */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import type { CloseOptions } from "../../server/method_options.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { mount } from "../support/mounted_server.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { requestUpgrade, TcpPeer } from "../support/tcp_peer.ts";
import { gate } from "../support/timing.ts";

const GONE = { code: 1001, reason: "server closed" };

/** Starts a server with a pending operation that ends when `open` is called. */
async function serveBusy() {
  const { opened, open } = gate();
  const started = gate();
  const server = serveQuietly();
  server.operation("wait", async () => {
    started.open();
    await opened;
    return "done";
  });
  const client = await RawClient.logIn(server);
  client.send(operation(1, "wait"));
  await started.opened;
  return { server, client, open };
}

Deno.test("close({ timeout }) lets pending requests finish in time", async () => {
  const { server, client, open } = await serveBusy();
  const closing = server.close({ timeout: 60_000 });
  open();
  assert.deepEqual((await client.next()).data, { result: "done" });
  assert.deepEqual(await client.closed, GONE);
  await closing;
});

Deno.test("close({ timeout }) ends requests that take longer", async () => {
  const { server, client } = await serveBusy();
  await server.close({ timeout: 0 });
  assert.deepEqual(await client.closed, GONE);
});

Deno.test("the first call of close() sets the timeout", async () => {
  const { server, client } = await serveBusy();
  const first = server.close({ timeout: 1 });
  assert.equal(server.close({ timeout: 60_000 }), first);
  assert.equal(server.close(), first);
  await first;
  assert.deepEqual(await client.closed, GONE);
});

for (const timeout of [-1, NaN, Infinity, 2 ** 31]) {
  Deno.test(`close() rejects ${JSON.stringify(timeout)} as timeout and the server stays open`, async () => {
    await using server = serveQuietly();
    assert.throws(
      () => server.close({ timeout } as CloseOptions),
      /^(Range|Type)Error: Cannot close: 'timeout' must be .*\. It is .*\.$/,
    );
    assert.equal((await requestUpgrade(server)).status, 101);
  });
}

Deno.test("a closing server answers 503 to new clients and health checks", async () => {
  const { server, client, open } = await serveBusy();
  const health = `${server.url}/hoist/health`;
  const before = await fetch(health);
  assert.equal(before.status, 200);
  assert.equal(before.headers.get("content-type"), "application/json");
  assert.equal(before.headers.get("cache-control"), "no-store");
  assert.equal(await before.text(), '{"status":"ok","lostUpgrades":0}');
  const closing = server.close({ timeout: 60_000 });
  const refused = await requestUpgrade(server);
  assert.equal(refused.status, 503);
  assert.match(refused.headers.get("content-type") ?? "", /^text\/plain\b/);
  assert.match(refused.body, /closing/);
  const after = await fetch(health);
  assert.equal(after.status, 503);
  assert.equal(await after.text(), '{"status":"closing","lostUpgrades":0}');
  open();
  await closing;
  await client.closed;
});

Deno.test("the health endpoint accepts GET and HEAD and sends no CORS headers", async () => {
  await using server = serveQuietly();
  const health = `${server.url}/hoist/health`;
  const head = await fetch(health, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  assert.equal(head.headers.get("access-control-allow-origin"), null);
  const post = await fetch(health, { method: "POST" });
  await post.body?.cancel();
  assert.equal(post.status, 405);
});

Deno.test("a closed mounted server answers 503", async () => {
  await using mounted = mount();
  const peer = await TcpPeer.logIn(mounted);
  const closing = mounted.server.close();
  assert.deepEqual(await peer.closed(), GONE);
  assert.equal((await requestUpgrade(mounted)).status, 503);
  peer[Symbol.dispose]();
  await closing;
  assert.equal((await requestUpgrade(mounted)).status, 503);
  const { port } = mounted.addr;
  const health = await fetch(`http://127.0.0.1:${port}/hoist/health`);
  assert.deepEqual([health.status, await health.text()], [
    503,
    '{"status":"closing","lostUpgrades":0}',
  ]);
});

Deno.test("a client whose login is decided while the server closes is not logged in", async () => {
  const { opened, open } = gate();
  const server = serveQuietly({ login: () => opened.then(() => true) });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "test", version: "1.0.0" });
  await using other = await RawClient.open(server);
  other.send({ id: 0, token: "test", version: "1.0.0" });
  const closing = server.close();
  open();
  assert.equal((await client.closed).code, 1001);
  assert.equal(server.clients.size, 0);
  await closing;
});

/** Returns the delay in a close reason, in milliseconds. */
function delayOf(reason: string): number {
  const [, delay] = reason.match(/^server closed, retry in (\d+) ms$/) ?? [];
  return Number(delay ?? NaN);
}

Deno.test("close() sends each reconnecting client its own delay", async () => {
  const count = 60;
  const server = serveQuietly();
  const clients = await Promise.all(
    Array.from({ length: count }, () => RawClient.logIn(server, ["retry"])),
  );
  const others = [
    await RawClient.logIn(server),
    await RawClient.logIn(server, ["batch", "done-id", "max-payload"]),
  ];
  await server.close();
  const closes = await Promise.all(clients.map(({ closed }) => closed));
  const delays = closes.map(({ code, reason }) => {
    assert.equal(code, 1012);
    return delayOf(reason);
  });
  const most = count + others.length;
  for (const delay of delays) assert(delay >= 0 && delay <= most, `${delay}`);
  // Sixty random delays practically never have ten values or fewer.
  assert(new Set(delays).size > 10);
  assert(Math.min(...delays) < most / 2 && Math.max(...delays) > most / 2);
  for (const other of others) assert.deepEqual(await other.closed, GONE);
});

Deno.test("close() closes a client before its login with 1001", async () => {
  const server = serveQuietly();
  await using client = await RawClient.open(server);
  const closing = server.close();
  assert.deepEqual(await client.closed, GONE);
  await closing;
});

for (const onSlow of ["disconnect", "skip"] as const) {
  Deno.test(`close() ends in time with slow clients and pending handlers, onSlow "${onSlow}"`, async () => {
    const logger = new LogRecorder();
    const limits = { maxBuffered: 65_536 };
    const server = serveQuietly({ logger, limits, onSlow });
    server.operation("never", () => new Promise(() => {}));
    using notReading = await TcpPeer.logIn(server, { features: ["retry"] });
    await notReading.send(operation(1, "never"));
    using pending = await TcpPeer.logIn(server);
    await pending.send(operation(1, "never"));
    const text = "x".repeat(8_000);
    for (let skipped = 0; skipped === 0;) {
      ({ skipped } = await server.broadcast("news", { text }));
    }
    using silent = await TcpPeer.open(server);
    await server.close({ timeout: 1 });
    assert.equal(server.clients.size, 0);
    assert(silent.response.status === 101);
    await logger.line(/^info shutdown: server closed$/);
  });
}

Deno.test("the client reports the close code of a closing server", async () => {
  const server = serveQuietly();
  await using connection = await connectTo(server);
  await server.close();
  assert.equal((await connection.closed).code, 1001);
});

Deno.test("an await using block closes the server and frees the port", async () => {
  let server: Server;
  {
    await using block = serveQuietly({ port: freePort() });
    server = block;
    assert.equal(await isFree(server), false);
  }
  assert.equal(await isFree(server), true);
  await server.finished;
});

Deno.test("close() returns the same promise on every call", async () => {
  const server = serveQuietly();
  const closing = server.close();
  assert.equal(server.close(), closing);
  await closing;
  assert.equal(server.close(), closing);
});

Deno.test("close() closes all connections with 1001", async () => {
  const server = serveQuietly();
  await using client = await RawClient.logIn(server);
  await using silent = await RawClient.open(server);
  await server.close();
  const expected = { code: 1001, reason: "server closed" };
  assert.deepEqual(await client.closed, expected);
  assert.deepEqual(await silent.closed, expected);
});

Deno.test("close() finishes pending requests and accepts no new ones", async () => {
  const logger = new LogRecorder();
  // Longer than the test, so the server must notice itself that nothing is pending.
  const closeTimeout = 2 ** 31 - 1;
  const server = serveQuietly({ closeTimeout, logger, logLevel: "debug" });
  const { opened, open } = gate();
  const calls: unknown[] = [];
  server.operation("slow", ({ n }) => opened.then(() => calls.push(n)));
  await using client = await RawClient.logIn(server);
  await using idle = await RawClient.logIn(server);
  client.send(operation(1, "slow", { n: "before" }));
  client.send(message(2, "mark"));
  while ((await client.next()).message !== "done");
  const closing = server.close();
  assert.equal((await idle.closed).code, 1001);
  client.send(operation(3, "slow", { n: "after" }));
  await logger.line(/receive: .*"after"/);
  open();
  assert.deepEqual((await client.next()).data, { result: 1 });
  assert.equal((await client.closed).code, 1001);
  await closing;
  assert.deepEqual(calls, ["before"]);
});

Deno.test("pending handlers can broadcast while the server closes", async () => {
  const server = serveQuietly();
  const { opened, open } = gate();
  server.operation("slow", () => opened.then(() => server.broadcast("last")));
  await using client = await RawClient.logIn(server);
  await using leaving = await RawClient.logIn(server);
  for (const busy of [client, leaving]) {
    busy.send(operation(1, "slow"));
    busy.send(message(2, "mark"));
    while ((await busy.next()).message !== "done");
  }
  const closing = server.close();
  leaving.send({ id: null, end: true });
  assert.equal((await leaving.closed).code, 1000);
  open();
  assert.equal((await client.next()).data.message, "last");
  assert.equal((await client.closed).code, 1001);
  await closing;
});

Deno.test("close() ends handlers that take longer than closeTimeout", async () => {
  const server = serveQuietly({ closeTimeout: 1 });
  server.operation("never", () => new Promise(() => {}));
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "never"));
  client.send(message(2, "mark"));
  while ((await client.next()).message !== "done");
  await server.close();
  assert.equal((await client.closed).code, 1001);
});

Deno.test("close() resolves if a client never reads and never answers", async () => {
  const server = serveQuietly({ port: freePort(), closeTimeout: 1 });
  using _peer = await TcpPeer.logIn(server);
  const [client] = server.clients;
  // More than the buffers of the system hold, so the Close frame waits behind it.
  for (let n = 0; n < 64; n++) {
    client?.message("flood", { text: "x".repeat(1e6) });
  }
  await server.close();
  assert.equal(await isFree(server), true);
});

Deno.test("a handler can call close()", async () => {
  const server = serveQuietly();
  server.operation("shut down", () => void server.close());
  await using connection = await connectTo(server);
  assert.equal(await connection.operation("shut down"), null);
  await server.finished;
});

async function isFree(server: Server): Promise<boolean> {
  const { hostname, port } = server.addr;
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch {
    return await Promise.resolve(false);
  }
}

Deno.test("close() of a mounted server cuts off a client that does not answer the Close frame", async () => {
  await using mounted = mount();
  using peer = await TcpPeer.logIn(mounted);
  await mounted.server.close();
  assert.deepEqual(await peer.closed(), GONE);
  assert.equal(await peer.frame(), null);
});
