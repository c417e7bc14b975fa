/** Many peers at once that stall, vanish, come and go while everything else goes on. */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { seededRandom } from "../support/random.ts";
import { operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import {
  frameOf,
  requestUpgrade,
  TcpPeer,
  UPGRADE,
} from "../support/tcp_peer.ts";

const MANY = 200;

/** Has many peers do the same at once. */
function many<Result>(
  act: (index: number) => Promise<Result>,
): Promise<Result[]> {
  return Promise.all(Array.from({ length: MANY }, (_, index) => act(index)));
}

/** Asserts that a client is served, and that another one gets in. */
async function assertServed(server: Server, client: RawClient): Promise<void> {
  client.send(operation(1, "echo", { n: 1 }));
  assert.deepEqual((await client.next()).data, { result: { n: 1 } });
  await using late = await connectTo(server);
  assert.deepEqual(await late.operation("echo", { n: 2 }), { n: 2 });
}

/** How a peer may stall before its login: nothing of it is ever finished. */
const STALLS: Readonly<Record<string, (peer: TcpPeer) => Promise<void>>> = {
  "say nothing": () => Promise.resolve(),
  "send half a frame": (peer) => peer.write(frameOf("{}").subarray(0, 3)),
  "send one fragment": (peer) => peer.write(frameOf("{", { last: false })),
  "only ping": (peer) => peer.write(frameOf("", { opcode: 9 })),
  "send their login in part": (peer) =>
    peer.write(frameOf('{"id": 0, "token": "te').subarray(0, 20)),
};

for (const [what, stall] of Object.entries(STALLS)) {
  Deno.test(`${MANY} clients that open a WebSocket and ${what} time out without delaying others`, async () => {
    await using server = serveQuietly({ limits: { loginTimeout: 1_000 } });
    server.operation("echo", (data) => data);
    await using client = await RawClient.logIn(server);
    const peers = await many(() => TcpPeer.open(server));
    await Promise.all(peers.map(stall));
    await assertServed(server, client);
    const closes = await Promise.all(peers.map((peer) => peer.closed()));
    for (const close of closes) {
      assert.deepEqual(close, { code: 1008, reason: "login timed out" });
    }
    for (const peer of peers) peer[Symbol.dispose]();
    await assertServed(server, client);
  });
}

Deno.test(`${MANY} connections with an incomplete request do not delay others or close()`, async () => {
  await using server = serveQuietly();
  server.operation("echo", (data) => data);
  await using client = await RawClient.logIn(server);
  const request = ["GET /hoist HTTP/1.1", ...UPGRADE, "", ""].join("\r\n");
  const peers = await many(async (index) => {
    const peer = await TcpPeer.connect(server);
    const part = request.slice(0, index % request.length);
    await peer.write(new TextEncoder().encode(part));
    return peer;
  });
  await assertServed(server, client);
  await server.close({ timeout: 0 });
  for (const peer of peers) peer[Symbol.dispose]();
});

Deno.test(`${MANY} wrong tokens from ${MANY} addresses lock out each address alone`, async () => {
  const logger = new LogRecorder();
  const limits = { maxLoginFailures: 1 };
  await using server = serveQuietly({ logger, limits, trustProxy: true });
  server.operation("echo", (data) => data);
  await using client = await RawClient.logIn(server);
  const codes = await many(async (index) => {
    const header = `X-Forwarded-For: 198.51.100.${index}`;
    using peer = await TcpPeer.open(server, [header]);
    await peer.send({ id: 0, token: `wrong ${index}`, version: "1.0.0" });
    return (await peer.closed())?.code;
  });
  assert.deepEqual(new Set(codes), new Set([1008]));
  await assertServed(server, client);
  // Each for itself: whoever has not tried yet may.
  for (const [last, status] of [[0, 429], [MANY - 1, 429], [MANY, 101]]) {
    const header = `X-Forwarded-For: 198.51.100.${last}`;
    assert.equal((await requestUpgrade(server, [header])).status, status);
  }
  assert(!logger.lines.some((line) => line.includes("wrong")));
});

Deno.test("clients that disconnect during their requests are removed", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  server.operation("echo", (data) => data);
  let underWay = 0;
  server.operation("slow", async (_data, { client }) => {
    underWay++;
    await logger.line(new RegExp(`disconnect: ${client.address} `));
    underWay--;
    // To nobody.
    client.message("too late");
    return "too late";
  });
  const peers = await many(() => TcpPeer.logIn(server));
  await Promise.all(peers.map((peer) => peer.send(operation(1, "slow"))));
  await using client = await RawClient.logIn(server);
  while (underWay < MANY) await assertServed(server, client);
  for (const peer of peers) peer[Symbol.dispose]();
  while (underWay > 0) await assertServed(server, client);
  assert.equal(server.clients.size, 1);
});

/** What all clients got: the numbers of broadcasts, in their order. */
async function take(client: RawClient, last: number): Promise<number[]> {
  const numbers: number[] = [];
  while (numbers.at(-1) !== last) {
    numbers.push(...(await client.take(1)).map(({ data }) => data.data.n));
  }
  return numbers;
}

Deno.test("broadcasts during connects and disconnects reach the other clients in order", async () => {
  const random = seededRandom(4);
  const count = 300;
  await using server = serveQuietly();
  const stayers = await Promise.all(
    Array.from(
      { length: 20 },
      (_, n) => RawClient.logIn(server, n % 2 === 0 ? ["batch"] : []),
    ),
  );
  const comers: RawClient[] = [];
  const leavers: Promise<void>[] = [];
  const ledgers: Promise<
    { delivered: number; skipped: number; failed: number }
  >[] = [];
  for (let n = 1; n <= count; n++) {
    ledgers.push(server.broadcast("news", { n }));
    if (random() < 0.2) comers.push(await RawClient.logIn(server, ["batch"]));
    if (random() < 0.2) {
      const [leaver] = comers.splice(Math.floor(random() * comers.length), 1);
      if (leaver !== undefined) leavers.push(leaver[Symbol.asyncDispose]());
    }
  }
  // Something for those who came after the last one, too.
  ledgers.push(server.broadcast("news", { n: count + 1 }));
  const expected = Array.from({ length: count + 1 }, (_, n) => n + 1);
  for (const stayer of stayers) {
    assert.deepEqual(await take(stayer, count + 1), expected);
  }
  for (const comer of comers) {
    const numbers = await take(comer, count + 1);
    // Whoever came later has all from then on.
    assert.deepEqual(numbers, expected.slice(-numbers.length));
  }
  for (const { delivered, skipped, failed } of await Promise.all(ledgers)) {
    assert(delivered >= stayers.length && skipped === 0 && failed >= 0);
  }
  await Promise.all(leavers);
});
