/** Encoding the frames of a client, and decoding the frames of a server. */

import assert from "node:assert/strict";
import { closeFrame, concatenate, textFrame } from "./frames.ts";
import { FrameReader, Opcode } from "./frame_reader.ts";

/** Returns a frame of a server, which has no mask. */
function serverFrame(
  opcode: number,
  payload: Uint8Array,
  length: readonly number[] = [payload.length],
): Uint8Array {
  return concatenate([new Uint8Array([0x80 | opcode, ...length]), payload]);
}

function serverText(text: string, length?: readonly number[]): Uint8Array {
  return serverFrame(Opcode.TEXT, new TextEncoder().encode(text), length);
}

/** Returns the message that a server of Deno receives in these bytes. */
async function receivedBy(bytes: Uint8Array): Promise<string> {
  const received = Promise.withResolvers<string>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => received.resolve(data);
      return response;
    },
  );
  using connection = await Deno.connect({
    hostname: "127.0.0.1",
    port: server.addr.port,
  });
  await connection.write(new TextEncoder().encode(UPGRADE));
  await connection.read(new Uint8Array(1_024));
  await connection.write(bytes);
  const text = await received.promise;
  await connection.write(closeFrame(1000));
  await connection.read(new Uint8Array(1_024));
  return text;
}

const UPGRADE =
  "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

Deno.test("encodes text frames of every length", async () => {
  for (const length of [1, 125, 126, 1_000]) {
    const text = "x".repeat(length);
    assert.equal(await receivedBy(textFrame(text)), text);
  }
});

Deno.test("rejects a payload of more than 65,535 bytes", () => {
  assert.throws(
    () => textFrame("x".repeat(65_536)),
    /the limit is 65535 bytes/,
  );
});

Deno.test("decodes frames that are split anywhere", () => {
  const long = "y".repeat(300);
  const stream = concatenate([
    serverText("one"),
    serverText(long, [126, 1, 44]),
    serverText("three", [127, 0, 0, 0, 0, 0, 0, 0, 5]),
  ]);
  for (const size of [1, 2, 3, 7, 1_000]) {
    const reader = new FrameReader();
    const texts: string[] = [];
    for (let at = 0; at < stream.length; at += size) {
      texts.push(
        ...reader.read(stream.slice(at, at + size)).map(({ text }) => text),
      );
    }
    assert.deepEqual(texts, ["one", long, "three"]);
  }
});

Deno.test("returns the code of a Close frame, or 1005", () => {
  const read = (payload: number[]) =>
    new FrameReader().read(
      serverFrame(Opcode.CLOSE, new Uint8Array(payload)),
    ).map(({ closeCode }) => closeCode);
  assert.deepEqual(read([3, 235]), [1003]);
  assert.deepEqual(read([]), [1005]);
});
