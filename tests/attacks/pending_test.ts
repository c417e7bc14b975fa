/** Storms of requests that are never answered. */

import assert from "node:assert/strict";
import { copies } from "../support/attackers.ts";
import { AttackedServer } from "../support/attacked_server.ts";
import { operation } from "../support/raw_client.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { encodeFrame } from "../support/websocket_frames.ts";

const MIB = 1_048_576;

/** Values that need much more memory than bytes, and how many calls have them. */
const EXPANDING = [
  ["empty objects", "{}", 1_024],
  ["empty arrays", "[]", 128],
  // V8 reserves 35 elements for each of these objects.
  ["a high index", `${'{"34":'.repeat(60)}0${"}".repeat(60)}`, 64],
] as const;

for (const [what, value, count] of EXPANDING) {
  Deno.test(`${count} calls of 64 KiB hold at most 30 MiB: ${what}`, async () => {
    await using server = await AttackedServer.start();
    using peer = await TcpPeer.logIn(server);
    const before = await server.memory();
    const data = `{"rows":${copies(value, 65_000)}}`;
    for (let id = 1; id <= count; id++) {
      const call =
        `{"id":${id},"action":"operation","data":{"operation":"hold","data":${data}}}`;
      await peer.write(encodeFrame(call));
    }
    // The response to an operation that does not exist is the last one.
    await peer.send(operation(2_000, "end"));
    while ((await peer.next()).id !== 2_000);
    const held = (await server.memory() - before) / MIB;
    assert(held <= 30, `the server holds ${Math.round(held)} MiB`);
  });
}
