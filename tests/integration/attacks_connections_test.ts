/** Many clients at once that stall, disconnect or reconnect while the server works. */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { seededRandom } from "../support/random.ts";
import { operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { encodeRequest, requestUpgrade, TcpPeer } from "../support/tcp_peer.ts";
import { encodeFrame } from "../support/websocket_frames.ts";

const MANY = 200;

/** Runs the same action for many clients at once. */
function many<Result>(
  act: (index: number) => Promise<Result>,
): Promise<Result[]> {
  return Promise.all(Array.from({ length: MANY }, (_, index) => act(index)));
}

/** Asserts that the server answers a client and accepts another one. */
async function assertServed(server: Server, client: RawClient): Promise<void> {
  client.send(operation(1, "echo", { n: 1 }));
  assert.deepEqual((await client.next()).data, { result: { n: 1 } });
  await using late = await connectTo(server);
  assert.deepEqual(await late.operation("echo", { n: 2 }), { n: 2 });
}

/** How a client can stall before its login. */
const STALLS: Readonly<Record<string, (peer: TcpPeer) => Promise<void>>> = {
  "send nothing": () => Promise.resolve(),
  "send half a frame": (peer) => peer.write(encodeFrame("{}").subarray(0, 3)),
  "send one fragment": (peer) => peer.write(encodeFrame("{", { fin: false })),
  "only send pings": (peer) => peer.write(encodeFrame("", { opcode: 9 })),
  "send a part of their login": (peer) =>
    peer.write(encodeFrame('{"id": 0, "token": "te').subarray(0, 20)),
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
  const request = encodeRequest();
  const peers = await many(async (index) => {
    const peer = await TcpPeer.connect(server);
    await peer.write(request.subarray(0, index % request.length));
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
    await peer.send({ id: 0, token: `guessed ${index}`, version: "1.0.0" });
    return (await peer.closed())?.code;
  });
  assert.deepEqual(new Set(codes), new Set([1008]));
  await assertServed(server, client);
  // Only the addresses that have failed are locked out.
  for (const [last, status] of [[0, 429], [MANY - 1, 429], [MANY, 101]]) {
    const header = `X-Forwarded-For: 198.51.100.${last}`;
    assert.equal((await requestUpgrade(server, [header])).status, status);
  }
  assert(!logger.lines.some((line) => line.includes("guessed")));
});

Deno.test("clients that disconnect during their requests are removed", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  server.operation("echo", (data) => data);
  let pending = 0;
  server.operation("slow", async (_data, { client }) => {
    pending++;
    await logger.line(new RegExp(`disconnect: ${client.address} `));
    pending--;
    // The client is gone.
    client.message("too late");
    return "too late";
  });
  const peers = await many(() => TcpPeer.logIn(server));
  await Promise.all(peers.map((peer) => peer.send(operation(1, "slow"))));
  await using client = await RawClient.logIn(server);
  while (pending < MANY) await assertServed(server, client);
  for (const peer of peers) peer[Symbol.dispose]();
  while (pending > 0) await assertServed(server, client);
  assert.equal(server.clients.size, 1);
});

/** Returns the numbers of the broadcasts that a client received, in order. */
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
  const staying = await Promise.all(
    Array.from(
      { length: 20 },
      (_, n) => RawClient.logIn(server, n % 2 === 0 ? ["batch"] : []),
    ),
  );
  const joining: RawClient[] = [];
  const leaving: Promise<void>[] = [];
  const results: Promise<
    { delivered: number; skipped: number; failed: number }
  >[] = [];
  for (let n = 1; n <= count; n++) {
    results.push(server.broadcast("news", { n }));
    if (random() < 0.2) joining.push(await RawClient.logIn(server, ["batch"]));
    if (random() < 0.2) {
      const [client] = joining.splice(Math.floor(random() * joining.length), 1);
      if (client !== undefined) leaving.push(client[Symbol.asyncDispose]());
    }
  }
  // One broadcast more for the clients that logged in after the last one.
  results.push(server.broadcast("news", { n: count + 1 }));
  const expected = Array.from({ length: count + 1 }, (_, n) => n + 1);
  for (const client of staying) {
    assert.deepEqual(await take(client, count + 1), expected);
  }
  for (const client of joining) {
    const numbers = await take(client, count + 1);
    // A client that logged in later has all broadcasts since then.
    assert.deepEqual(numbers, expected.slice(-numbers.length));
  }
  for (const { delivered, skipped } of await Promise.all(results)) {
    assert(delivered >= staying.length && skipped === 0);
  }
  await Promise.all(leaving);
});
