/** Storms of requests that are never answered. */

import assert from "node:assert/strict";
import { copies } from "../support/attackers.ts";
import { AttackedServer } from "../support/attacked_server.ts";
import { operation } from "../support/raw_client.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { encodeFrame } from "../support/websocket_frames.ts";

const MIB = 1_048_576;

/** Values that need much more memory than bytes. */
const EXPANDING: Readonly<Record<string, string>> = {
  "empty objects": "{}",
  "empty arrays": "[]",
};

for (const [what, value] of Object.entries(EXPANDING)) {
  Deno.test(`1,024 calls of 64 KiB hold at most 30 MiB: ${what}`, async () => {
    await using server = await AttackedServer.start();
    using peer = await TcpPeer.logIn(server);
    const before = await server.memory();
    const data = `{"rows":${copies(value, 65_000)}}`;
    for (let id = 1; id <= 1_024; id++) {
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
