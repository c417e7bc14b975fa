/** Storms of strangers that try to fill the log. */

import assert from "node:assert/strict";
import { repeat } from "../support/attackers.ts";
import { AttackedServer } from "../support/attacked_server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";

Deno.test("3,000 strangers that leave at once write at most 2,500 lines", async () => {
  await using server = await AttackedServer.start();
  const before = server.log.length;
  await repeat(3_000, 20, async () => {
    using _peer = await TcpPeer.open(server);
  });
  await server.ask("clients");
  const count = server.log.length - before;
  assert(count <= 2_500, `they wrote ${count} lines`);
});
