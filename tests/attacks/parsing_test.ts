/** Storms of requests whose JSON takes long to parse. */

import assert from "node:assert/strict";
import {
  assertUndisturbed,
  atRate,
  collidingStrings,
  testUndisturbed,
} from "../support/attackers.ts";
import { AttackedServer } from "../support/attacked_server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { GUARD, pause, until } from "../support/timing.ts";
import { encodeFrame } from "../support/websocket_frames.ts";

/** The length of the strings of each request, in bytes. */
const SIZE = 65_000;

testUndisturbed(
  "requests with colliding strings do not delay others",
  async () => {
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
  },
);

/** Returns a request with arrays in arrays, which take long to parse. */
function nestedArrays(): Uint8Array {
  const levels = SIZE / 2 - 100;
  const arrays = `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const data = `{"operation":"drop","data":{"arrays":${arrays}}}`;
  return encodeFrame(`{"id":1,"action":"operation","data":${data}}`);
}

/** Sends a frame again and again until the server closes the connection. */
async function flood(
  server: AttackedServer,
  frame: Uint8Array,
  features?: readonly string[],
): Promise<void> {
  using attacker = await TcpPeer.logIn(server, { features });
  let isClosed = false;
  // A reset can overtake the Close frame.
  void attacker.closed().catch(() => {}).then(() => isClosed = true);
  const end = performance.now() + GUARD;
  while (!isClosed && performance.now() < end) {
    await attacker.write(frame).catch(() => pause(10));
  }
}

/** Returns the lines about clients that sent too fast. */
function cutOff(server: AttackedServer): readonly string[] {
  // The warnings about the client are limited, but not this line.
  return server.log.filter((line) =>
    line.includes("closed by the server (1008, too many frames wait)")
  );
}

testUndisturbed(
  "a client that sends faster than the server can work is closed, and cannot go on by connecting again",
  async () => {
    await using server = await AttackedServer.start();
    using _other = await TcpPeer.logIn(server);
    const frame = nestedArrays();
    for (let connection = 1; connection <= 2; connection++) {
      await flood(server, frame);
      await until(() => cutOff(server).length >= connection, "the line");
      assert.equal(cutOff(server).length, connection);
    }
    await assertUndisturbed(server, 5, async () => await pause(500));
  },
);

Deno.test("a client that sends too fast is closed also while onConnect waits for it", async () => {
  await using server = await AttackedServer.start({ asks: true });
  using _other = await TcpPeer.logIn(server);
  await flood(server, nestedArrays(), ["request"]);
  await until(() => cutOff(server).length > 0, "the line");
  assert.equal(cutOff(server).length, 1);
});
