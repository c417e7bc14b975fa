/** The frames of the load generator, and reading those of a server. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { closeFrame, concatenate, textFrame } from "./load/frames.ts";
import { answerTo } from "./load/pings.ts";
import { closeCode, FrameReader, frameText, Opcode } from "./load/reader.ts";

/** A frame of a server, which is not masked. */
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

/** What a server of this platform makes of these bytes of a client. */
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

Deno.test("a server understands text frames of every length", async () => {
  for (const length of [1, 125, 126, 1_000]) {
    const text = "x".repeat(length);
    assert.equal(await receivedBy(textFrame(text)), text);
  }
});

Deno.test("a frame too long for the generator is refused", () => {
  assert.throws(() => textFrame("x".repeat(65_536)), /more than 65535 bytes/);
});

Deno.test("frames are read wherever the chunks of the stream are cut", () => {
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
      texts.push(...reader.read(stream.slice(at, at + size)).map(frameText));
    }
    assert.deepEqual(texts, ["one", long, "three"]);
  }
});

Deno.test("a Close frame has a code, or none", () => {
  const read = (payload: number[]) =>
    new FrameReader().read(
      serverFrame(Opcode.CLOSE, new Uint8Array(payload)),
    ).map(closeCode);
  assert.deepEqual(read([3, 235]), [1003]);
  assert.deepEqual(read([]), [1005]);
});

Deno.test("pings are answered with what they carry", () => {
  const answer = (...bytes: number[]) => {
    const pong = answerTo(Buffer.from(bytes), undefined);
    return pong && [...pong];
  };
  assert.deepEqual(answer(0x89, 0), [0x8a, 0x80, 0, 0, 0, 0]);
  assert.deepEqual(answer(0x89, 1, 7), [0x8a, 0x81, 0, 0, 0, 0, 7]);
  assert.deepEqual(answer(0x81, 1, 49, 0x89, 0), [0x8a, 0x80, 0, 0, 0, 0]);
  assert.equal(answer(0x81, 1, 49), undefined);
});

Deno.test("a dialect's own pings are answered, too", () => {
  const own = { heard: new Uint8Array([9, 9]), said: new Uint8Array([8]) };
  assert.equal(answerTo(Buffer.from([1, 9, 9]), own), own.said);
  assert.equal(answerTo(Buffer.from([1, 9, 1]), own), undefined);
});
