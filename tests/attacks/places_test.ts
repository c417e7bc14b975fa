/** Storms of strangers that hold the places of others. */

import assert from "node:assert/strict";
import { openFrom, repeat } from "../support/attackers.ts";
import { AttackedServer } from "../support/attacked_server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { pause } from "../support/timing.ts";

/** Holds a place without a login for as long as the server lets it, again and again. */
async function holdPlaces(
  server: AttackedServer,
  address: string,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const peer = await openFrom(server, address);
    const leave = () => peer[Symbol.dispose]();
    signal.addEventListener("abort", leave);
    // It ignores Close frames. When the connection has ended, it comes back.
    while (await peer.frame() !== null);
    signal.removeEventListener("abort", leave);
    leave();
    await pause(500);
  }
}

/** Whether a client from an address gets in at its first attempt. */
async function getsIn(
  server: AttackedServer,
  address: string,
): Promise<boolean> {
  using peer = await openFrom(server, address);
  if (peer.response.status !== 101) return false;
  await peer.send({ id: 0, token: "test", version: "1.0.0" });
  const answer = await peer.next().catch(() => undefined);
  return answer?.success === true;
}

Deno.test("ten hostile addresses keep nobody out", async () => {
  await using server = await AttackedServer.start({
    limits: { maxConnections: 1_000, loginTimeout: 1_000 },
    trustProxy: true,
  });
  const stop = new AbortController();
  const held = repeat(1_100, 1_100, (index) => {
    return holdPlaces(server, `198.51.100.${index % 10}`, stop.signal);
  });
  await pause(1_500);
  const results = await repeat(100, 1, async () => {
    await pause(10);
    return await getsIn(server, "203.0.113.1");
  });
  stop.abort();
  await held;
  const count = results.filter((isIn) => isIn).length;
  assert.equal(count, 100, `${count} of 100 attempts got in`);
});

Deno.test("1,000 clients that come back at once from one address all get in", async () => {
  await using server = await AttackedServer.start({
    login: "slow",
    delay: 50,
    // Ten decisions at once take five seconds in total, and more on a busy machine.
    limits: { loginTimeout: 60_000 },
  });
  const peers = await repeat(1_000, 1_000, async () => {
    const peer = await TcpPeer.open(server);
    if (peer.response.status !== 101) return peer;
    await peer.send({ id: 0, token: "test", version: "1.0.0" });
    await peer.next();
    return peer;
  });
  const count = await server.ask("clients");
  for (const peer of peers) peer?.[Symbol.dispose]();
  assert.equal(count, 1_000, `${count} of 1,000 got in`);
});
