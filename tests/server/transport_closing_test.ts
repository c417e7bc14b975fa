/** The responses that a server sent before it closes a connection arrive. */

import assert from "node:assert/strict";
import { operation } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { encodeFrame, Opcode } from "../support/websocket_frames.ts";

/** Encodes frames that reach the server together, so that it reads while it closes. */
function inOnePiece(...frames: readonly unknown[]): Uint8Array {
  return new Uint8Array(
    frames.flatMap((frame) => [...encodeFrame(JSON.stringify(frame))]),
  );
}

/** Returns the ids of the responses before the Close frame, and its code. */
async function readAll(peer: TcpPeer) {
  const ids: unknown[] = [];
  for (;;) {
    const frame = await peer.frame();
    if (frame?.opcode !== Opcode.TEXT) {
      assert.equal(frame?.opcode, Opcode.CLOSE, "there is no Close frame");
      const [high = 0, low = 0] = frame.payload;
      return { ids, code: high * 256 + low };
    }
    ids.push(JSON.parse(new TextDecoder().decode(frame.payload)).id);
  }
}

const MORE = Array.from({ length: 20 }, (_, n) => operation(100 + n, "now"));

for (
  const [what, end, code] of [
    ["an invalid frame", 1, 1003],
    ["a goodbye", { id: null, end: true }, 1000],
  ] as const
) {
  Deno.test(`responses before ${what} and a Close frame arrive, although the client keeps sending`, async () => {
    await using server = serveQuietly();
    server.operation("now", () => 1);
    for (let round = 0; round < 20; round++) {
      using peer = await TcpPeer.logIn(server);
      const asked = Array.from({ length: 20 }, (_, n) => operation(n, "now"));
      await peer.write(inOnePiece(...asked, end, ...MORE));
      const { ids, code: received } = await readAll(peer);
      const own = code === 1003 ? [null] : [];
      assert.deepEqual(ids, [...asked.map(({ id }) => id), ...own]);
      assert.equal(received, code);
    }
  });
}

Deno.test("the server sends nothing after close()", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  server.operation("later", () => opened);
  server.receive("kick", ({ client }) => {
    client.close(4000);
    open();
    client.message("too late");
  });
  using peer = await TcpPeer.logIn(server);
  const kick = { message: "kick", data: {}, replying: null };
  await peer.write(
    inOnePiece(operation(1, "later"), { id: 2, action: "message", data: kick }),
  );
  const { ids, code } = await readAll(peer);
  assert.deepEqual([ids, code], [[2], 4000]);
});
