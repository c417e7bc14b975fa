/** Clients that reset their connection during the upgrade. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { RequestInfo, Server } from "../../server.ts";
import { mountIn } from "../support/mounted_server.ts";
import { encodeRequest, requestUpgrade, TcpPeer } from "../support/tcp_peer.ts";
import { pause } from "../support/timing.ts";

/** Reports a client that has reset its connection, as Deno does. */
const RESET: RequestInfo = {
  remoteAddr: { transport: "tcp", hostname: "0.0.0.0", port: 0 },
};

/** A stalled server takes longer to count an upgrade as lost, and must not close it before. */
const PATIENT = { limits: { loginTimeout: 60_000 } };

/** Reads `GET /hoist/health`. */
async function readHealth(server: Server): Promise<[number, unknown]> {
  const response = await server.fetch(
    new Request("http://localhost/hoist/health"),
  );
  return [response.status, await response.json()];
}

Deno.test("the server rejects the upgrade of a client without a remote port", async () => {
  await using mounted = mountIn((server, request) =>
    server.fetch(request, RESET)
  );
  const { status, body } = await requestUpgrade(mounted);
  assert.deepEqual([status, body], [
    400,
    "Bad request: the client has disconnected\n",
  ]);
  assert.deepEqual(mounted.logger.lines, [
    "warn reject: 0.0.0.0:0 rejected: the client has disconnected",
  ]);
});

Deno.test("the server accepts the upgrade of a client with an unknown address", async () => {
  await using mounted = mountIn((server, request) => server.fetch(request));
  const { status } = await requestUpgrade(mounted);
  assert.equal(status, 101);
});

Deno.test("upgrades wait only after a client has reset its connection", async () => {
  const waited: boolean[] = [];
  let info: RequestInfo | undefined;
  await using mounted = mountIn((server, request, given) => {
    const response = server.fetch(request, info ?? given);
    waited.push(response instanceof Promise);
    return response;
  });
  const statuses: number[] = [];
  for (const next of [undefined, RESET, undefined]) {
    info = next;
    statuses.push((await requestUpgrade(mounted)).status);
  }
  assert.deepEqual(waited, [false, false, true]);
  assert.deepEqual(statuses, [101, 400, 101]);
});

Deno.test("the server does not upgrade a client that disconnects while it waits", async () => {
  const { promise: status, resolve } = Promise.withResolvers<number>();
  let info: RequestInfo | undefined = RESET;
  await using mounted = mountIn(async (server, request, given) => {
    const response = await server.fetch(request, info ?? given);
    if (info === undefined) resolve(response.status);
    return response;
  });
  await requestUpgrade(mounted);
  info = undefined;
  const peer = await TcpPeer.connect(mounted);
  await peer.write(encodeRequest());
  peer[Symbol.dispose]();
  assert.equal(await status, 400);
});

Deno.test("an upgrade that never opens is counted and frees its place", async () => {
  const released = Promise.withResolvers<void>();
  let isHeld = true;
  const limits = { maxUnauthenticated: 1, maxLostUpgrades: 1 };
  await using mounted = mountIn(async (server, request, info) => {
    const response = server.fetch(request, info);
    if (isHeld) await released.promise;
    return response;
  }, { limits });
  const { server } = mounted;
  assert.deepEqual(await readHealth(server), [
    200,
    { status: "ok", lostUpgrades: 0 },
  ]);
  const peers = [];
  for (const lostUpgrades of [1, 2]) {
    const peer = await TcpPeer.connect(mounted);
    peers.push(peer);
    await peer.write(encodeRequest());
    await mounted.logger.line(/^info connect: /);
    while (lostUpgrades !== await countLost(server)) await pause(10);
  }
  assert.deepEqual(await readHealth(server), [
    503,
    { status: "failing", lostUpgrades: 2 },
  ]);
  isHeld = false;
  assert.equal((await requestUpgrade(mounted)).status, 101);
  released.resolve();
  for (const peer of peers) peer[Symbol.dispose]();
});

for (const WebSocket of [undefined, globalThis.WebSocket]) {
  const kind = WebSocket === undefined ? "own" : "runtime's";
  Deno.test(`a client with its ${kind} WebSocket logs in although its upgrade opens late`, async () => {
    const released = Promise.withResolvers<void>();
    await using mounted = mountIn(async (server, request, info) => {
      const isUpgrade = request.headers.has("upgrade");
      const response = await server.fetch(request, info);
      if (isUpgrade) await released.promise;
      return response;
    }, PATIENT);
    const { server, addr } = mounted;
    server.operation("echo", (data) => data);
    const options = { url: `http://127.0.0.1:${addr.port}`, timeout: 60_000 };
    const connecting = connect("test", { ...options, WebSocket });
    while (await countLost(server) !== 1) await pause(10);
    released.resolve();
    await using connection = await connecting;
    assert.deepEqual(await connection.operation("echo", { n: 1 }), { n: 1 });
    assert.equal(await countLost(server), 0);
    assert.equal(server.clients.size, 1);
  });
}

Deno.test("a server that closes ends an upgrade that has not opened", async () => {
  const released = Promise.withResolvers<void>();
  await using mounted = mountIn(async (server, request, info) => {
    const response = server.fetch(request, info);
    await released.promise;
    return response;
  }, PATIENT);
  const { server, logger } = mounted;
  using peer = await TcpPeer.connect(mounted);
  await peer.write(encodeRequest());
  while (await countLost(server) !== 1) await pause(10);
  await server.close();
  released.resolve();
  assert.match(logger.lines.join("\n"), /info disconnect: .*server closed/);
});

Deno.test("an upgrade that opens late does not count as lost", async () => {
  const released = Promise.withResolvers<void>();
  await using mounted = mountIn(async (server, request, info) => {
    const response = server.fetch(request, info);
    await released.promise;
    return response;
  }, PATIENT);
  const { server } = mounted;
  using peer = await TcpPeer.connect(mounted);
  await peer.write(encodeRequest());
  while (await countLost(server) !== 1) await pause(10);
  released.resolve();
  while (await countLost(server) !== 0) await pause(10);
});

async function countLost(server: Server): Promise<unknown> {
  const [, body] = await readHealth(server);
  return (body as { readonly lostUpgrades: number }).lostUpgrades;
}
