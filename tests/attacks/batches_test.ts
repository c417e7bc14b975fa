/** Storms of invalid frames from clients that have logged in. */

import assert from "node:assert/strict";
import {
  assertUndisturbed,
  copies,
  repeat,
  testUndisturbed,
} from "../support/attackers.ts";
import { AttackedServer } from "../support/attacked_server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { GUARD, pause } from "../support/timing.ts";
import { encodeFrame } from "../support/websocket_frames.ts";

/**
 * Sends batches of `{}`, at most one a second, until a time and at least until the server closes
 * a connection; resolves to the close codes.
 */
async function sendBatches(
  server: AttackedServer,
  end: number,
): Promise<(number | undefined)[]> {
  const batch = encodeFrame(copies("{}", 65_000));
  const codes: (number | undefined)[] = [];
  while (performance.now() < end || codes.length === 0) {
    using peer = await TcpPeer.logIn(server, { features: ["batch"] });
    const closed = peer.closed();
    let isClosed = false;
    closed.then(() => isClosed = true);
    while (!isClosed && performance.now() < end + GUARD) {
      await peer.write(batch).catch(() => {});
      await Promise.race([closed, pause(1_000)]);
    }
    codes.push(isClosed ? (await closed)?.code : undefined);
    await pause(1_000);
  }
  return codes;
}

testUndisturbed(
  "20 clients with batches of {} do not delay others, and are closed",
  async () => {
    await using server = await AttackedServer.start();
    let codes: (number | undefined)[] = [];
    await assertUndisturbed(server, 20, async () => {
      const end = performance.now() + 2_000;
      codes = (await repeat(20, 20, () => sendBatches(server, end))).flat();
    });
    assert(codes.length >= 20, `${codes.length} connections were closed`);
    assert.deepEqual(new Set(codes), new Set([1008]));
  },
);
