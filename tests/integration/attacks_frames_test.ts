/**
 * Frames that violate the WebSocket protocol. The server closes the connection and
 * keeps serving other clients.
 */

import { assertSurvives } from "../support/attacks.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { encodeFrame } from "../support/websocket_frames.ts";

/** Frames that violate RFC 6455, sections 5.1 to 5.6 and 7.4.1. */
const INVALID_FRAMES: Readonly<Record<string, readonly Uint8Array[]>> = {
  "an unknown opcode": [encodeFrame("{}", { opcode: 3 })],
  "an unknown control opcode": [encodeFrame("", { opcode: 11 })],
  "reserved bits": [encodeFrame("{}", { reserved: 4 })],
  "text that is not UTF-8": [encodeFrame(new Uint8Array([0xff, 0xfe]))],
  "half a character at the end of a text frame": [
    encodeFrame(new Uint8Array([0x22, 0xe2, 0x82])),
  ],
  "a surrogate in UTF-8": [encodeFrame(new Uint8Array([0xed, 0xa0, 0x80]))],
  "a ping of more than 125 bytes": [
    encodeFrame("x".repeat(126), { opcode: 9 }),
  ],
  "a ping in fragments": [encodeFrame("x", { opcode: 9, fin: false })],
  "a continuation frame without a start": [encodeFrame("{}", { opcode: 0 })],
  "a text frame within a fragmented message": [
    encodeFrame("{", { fin: false }),
    encodeFrame("{}"),
  ],
  "a Close frame of one byte": [encodeFrame("x", { opcode: 8 })],
  "a Close frame with a reserved code": [
    encodeFrame(new Uint8Array([0x03, 0xed]), { opcode: 8 }),
  ],
  "a Close frame whose reason is not UTF-8": [
    encodeFrame(new Uint8Array([0x03, 0xe8, 0xff]), { opcode: 8 }),
  ],
  "a Close frame that is too long": [
    encodeFrame("x".repeat(200), { opcode: 8 }),
  ],
};

for (const [what, frames] of Object.entries(INVALID_FRAMES)) {
  for (const login of ["before", "after"]) {
    Deno.test(`socket.io, CVE-2024-38355: the server survives ${what} ${login} the login`, async () => {
      await assertSurvives(async (server, logger) => {
        using peer = login === "before"
          ? await TcpPeer.open(server)
          : await TcpPeer.logIn(server);
        for (const frame of frames) await peer.write(frame);
        while (await peer.frame() !== null);
        await logger.line(/disconnect: /);
      });
    });
  }
}
