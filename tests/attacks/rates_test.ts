/** Storms of requests that exceed a rate. */

import assert from "node:assert/strict";
import { repeat } from "../support/attackers.ts";
import { AttackedServer } from "../support/attacked_server.ts";
import { operation } from "../support/raw_client.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { pause } from "../support/timing.ts";

Deno.test("a stall of the server does not turn clients into offenders", async () => {
  await using server = await AttackedServer.start({
    limits: { maxRate: 100, maxBurst: 20 },
  });
  using peer = await TcpPeer.logIn(server);
  const count = 120;
  const stalled = server.ask("stall 1500");
  for (let id = 1; id <= count; id++) {
    // The server can have closed the connection.
    await peer.send(operation(id, "echo")).catch(() => {});
    // 60 requests a second
    await pause(1_000 / 60);
  }
  await stalled;
  let answered = 0;
  for (let id = 1; id <= count; id++) {
    const answer = await peer.next().catch(() => undefined);
    if (answer?.success === true) answered++;
  }
  assert.equal(answered, count, `${answered} of ${count} were answered`);
});

/** Sends calls of an operation at once; resolves to the number that succeeded. */
async function callMany(
  peer: TcpPeer,
  count: number,
  text: string,
): Promise<number> {
  for (let id = 1; id <= count; id++) {
    // The server can have closed the connection.
    await peer.send(operation(id, "drop", { text })).catch(() => {});
  }
  let succeeded = 0;
  for (let id = 1; id <= count; id++) {
    const answer = await peer.next().catch(() => undefined);
    // The server waits for the Close frame of the client, which it does not send.
    if (answer === undefined) break;
    if (answer.success === true) succeeded++;
  }
  return succeeded;
}

Deno.test("many connections with one named token share a rate limit", async () => {
  const tokens = ["many", "one"].map((name) => ({
    name,
    token: `the secret of ${name}`,
  }));
  await using server = await AttackedServer.start({
    tokens,
    limits: { maxRatePerToken: 100 },
  });
  const logIn = (index: number) => {
    return TcpPeer.logIn(server, { token: tokens[index]!.token });
  };
  const start = performance.now();
  const counts = await repeat(10, 10, async () => {
    using peer = await logIn(0);
    return await callMany(peer, 150, "");
  });
  const sum = counts.reduce((one, other) => one + other, 0);
  // The rate, as much again at once, and a second for the time on the way
  const seconds = (performance.now() - start) / 1_000;
  const allowed = 100 * (seconds + 2);
  assert(sum <= allowed, `${sum} of 1,500 requests were allowed`);
  using peer = await logIn(1);
  assert.equal(await callMany(peer, 50, ""), 50);
});

Deno.test("large requests do not exceed the byte rate", async () => {
  await using server = await AttackedServer.start({
    limits: { maxByteRate: 200_000 },
  });
  using peer = await TcpPeer.logIn(server);
  const start = performance.now();
  const count = await callMany(peer, 100, "x".repeat(60_000));
  // The rate, as much again at once, and one frame
  const seconds = (performance.now() - start) / 1_000;
  const allowed = 200_000 * (seconds + 2) + 60_000;
  assert(count * 60_000 <= allowed, `${count} requests were allowed`);
  using other = await TcpPeer.logIn(server);
  assert.equal(await callMany(other, 1, "small"), 1);
});
