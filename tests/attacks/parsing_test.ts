/** Storms of requests whose JSON takes long to parse. */

import {
  assertUndisturbed,
  atRate,
  collidingStrings,
} from "../support/attackers.ts";
import { AttackedServer } from "../support/attacked_server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { encodeFrame } from "../support/websocket_frames.ts";

/** The length of the strings of each request, in bytes. */
const SIZE = 65_000;

Deno.test("requests with colliding strings do not delay others", async () => {
  await using server = await AttackedServer.start();
  using attacker = await TcpPeer.logIn(server);
  await assertUndisturbed(server, 5, () => {
    return atRate(15, 2, async (id) => {
      const strings = collidingStrings(SIZE, id * Math.floor(SIZE / 12));
      const data = `{"operation":"drop","data":{"strings":${strings}}}`;
      const call = `{"id":${id},"action":"operation","data":${data}}`;
      await attacker.write(encodeFrame(call));
    });
  });
});
