/** Connections that are not logged in have places of their own. */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { requestUpgrade, TcpPeer } from "../support/tcp_peer.ts";
import { encodeFrame } from "../support/websocket_frames.ts";

const HOSTILE = 10;

function from(address: number): string[] {
  return [`X-Forwarded-For: 198.51.100.${address}`];
}

/** Opens connections from an address until the server rejects one. */
async function fill(server: Server, address: number): Promise<TcpPeer[]> {
  const peers: TcpPeer[] = [];
  for (;;) {
    const peer = await TcpPeer.open(server, from(address));
    if (peer.response.status !== 101) return [...peers, peer];
    peers.push(peer);
  }
}

/** What hostile connections do with their places. None answers a Close frame. */
const ATTACKS: Readonly<Record<string, (peer: TcpPeer) => Promise<void>>> = {
  "never log in": () => Promise.resolve(),
  "log in with a wrong token": (peer) =>
    peer.send({ id: 0, token: "wrong", version: "1.0.0" }),
  "send a malformed login": (peer) => peer.write(encodeFrame("hello?")),
};

for (const [what, attack] of Object.entries(ATTACKS)) {
  Deno.test(`${HOSTILE} addresses that hold all places they get and ${what} keep no other client out`, async () => {
    const logger = new LogRecorder();
    const limits = { maxUnauthenticated: 20, loginTimeout: 1_000 };
    await using server = serveQuietly({ logger, limits, trustProxy: true });
    const peers: TcpPeer[] = [];
    for (let round = 0; round < 2; round++) {
      for (let address = 0; address < HOSTILE; address++) {
        const opened = await fill(server, address);
        peers.push(...opened);
        await Promise.all(opened.map((peer) => attack(peer).catch(() => {})));
      }
    }
    // The server has closed all of them, but their sockets stay.
    const opened = peers.filter(({ response }) => response.status === 101);
    await Promise.all(opened.map((peer) => peer.closed()));
    assert(opened.length >= 20 && opened.length < 40, `${opened.length}`);
    assert.notEqual((await requestUpgrade(server, from(0))).status, 101);
    for (let attempt = 0; attempt < 100; attempt++) {
      await using _client = await connectTo(server);
    }
    await logger.line(/^warn reject: .*\bmaxUnauthenticated\b/);
    for (const peer of peers) peer[Symbol.dispose]();
  });
}

Deno.test("maxUnauthenticated: a connection beyond the limit gets 503 until another one logs in", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    limits: { maxUnauthenticated: 1 },
  });
  using first = await TcpPeer.open(server);
  const rejected = await requestUpgrade(server);
  assert.equal(rejected.status, 503);
  assert.match(rejected.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  assert.equal(
    rejected.body,
    "Too many connections are not logged in. Try again later.\n",
  );
  await logger.line(
    /^warn reject: .*127\.0\.0\.1.*'limits\.maxUnauthenticated'/,
  );
  await first.send({ id: 0, token: "test", version: "1.0.0" });
  await first.next();
  assert.equal((await requestUpgrade(server)).status, 101);
});

Deno.test("all clients of a small server can connect at once", async () => {
  const count = 20;
  const limits = { maxConnections: count };
  await using server = serveQuietly({ limits });
  const connections = await Promise.all(
    Array.from({ length: count }, () => connectTo(server)),
  );
  assert.equal(server.clients.size, count);
  await Promise.all(connections.map((connection) => connection.close()));
});

Deno.test("maxUnauthenticated: a rejected client that ignores the Close frame counts", async () => {
  await using server = serveQuietly({ limits: { maxUnauthenticated: 1 } });
  using peer = await TcpPeer.open(server);
  await peer.send({ id: 0, token: "wrong", version: "1.0.0" });
  assert.equal((await peer.closed())?.code, 1008);
  assert.equal((await requestUpgrade(server)).status, 503);
});

for (const limit of ["maxConnections", "maxConnectionsPerAddress"] as const) {
  Deno.test(`${limit}: of the clients that log in at once, the surplus can try again later`, async () => {
    const logger = new LogRecorder();
    const limits = { [limit]: 1, maxUnauthenticated: 10 };
    await using server = serveQuietly({ logger, limits });
    using one = await TcpPeer.open(server);
    using two = await TcpPeer.open(server);
    for (const [peer, code] of [[one, 0], [two, 9]] as const) {
      await peer.send({ id: 0, token: "test", version: "1.0.0", features: [] });
      assert.equal((await peer.next()).code, code);
    }
    const close = { code: 1008, reason: "too many connections" };
    assert.deepEqual(await two.closed(), close);
    assert.equal(server.clients.size, 1);
    await logger.line(
      new RegExp(
        `^warn login: .*logged in\\. To allow more, raise 'limits.${limit}'`,
      ),
    );
  });
}

Deno.test("all clients of an address come back at once while their old sockets still close", async () => {
  const count = 100;
  const limits = { maxConnectionsPerAddress: count, maxUnauthenticated: count };
  await using server = serveQuietly({
    limits,
    login: async (_server, token) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return token === "test";
    },
  });
  const logInAll = () =>
    Promise.all(Array.from({ length: count }, async () => {
      const peer = await TcpPeer.open(server);
      assert.equal(peer.response.status, 101);
      await peer.send({ id: 0, token: "test", version: "1.0.0" });
      assert.equal((await peer.next()).code, 0);
      return peer;
    }));
  const old = await logInAll();
  for (const client of server.clients) client.close();
  const back = await logInAll();
  assert.equal(server.clients.size, count);
  for (const peer of [...old, ...back]) peer[Symbol.dispose]();
});
