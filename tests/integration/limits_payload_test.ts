/** The limit of a message in bytes of UTF-8, with all its fragments. */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { byteLength } from "../support/bytes.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { encodeFrame } from "../support/websocket_frames.ts";

const LIMIT = 1_000;
const TOO_LARGE = {
  code: 1009,
  reason: `the frame is larger than ${LIMIT} bytes`,
};

function serveEcho(
  maxPayload: number | undefined,
  logger = new LogRecorder(),
): Server {
  const server = serveQuietly({ logger, limits: { maxPayload } });
  server.operation("echo", (data) => data);
  server.operation("nothing", () => null);
  return server;
}

/** Returns a request of `size` bytes, filled with a repeated character. */
function callOf(size: number, filler = "a", id = 1): string {
  const empty = JSON.stringify(operation(id, "echo", { text: "" }));
  const free = size - byteLength(empty);
  const count = Math.floor(free / byteLength(filler));
  const text = filler.repeat(count).padEnd(
    count * filler.length + free - count * byteLength(filler),
    "x",
  );
  const call = empty.replace('"text":""', `"text":"${text}"`);
  assert.equal(byteLength(call), size);
  return call;
}

for (const filler of ["a", "é", "€", "😀"]) {
  Deno.test(`maxPayload: a frame of ${filler} beyond the limit closes the connection`, async () => {
    const logger = new LogRecorder();
    await using server = serveEcho(LIMIT, logger);
    await using other = await RawClient.logIn(server);
    await using client = await RawClient.logIn(server);
    client.send(callOf(LIMIT, filler));
    assert.equal((await client.next()).code, 0);
    client.send(callOf(LIMIT + 1, filler, 2));
    assert.deepEqual(await client.closed, TOO_LARGE);
    other.send(operation(1, "echo"));
    assert.equal((await other.next()).code, 0);
    assert.equal(server.clients.size, 1);
    const lines = logger.lines.filter((line) => /\bmaxPayload\b/.test(line));
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^warn .*127\.0\.0\.1:\d+/);
    assert(!logger.lines.slice(1).some((line) => line.includes("test")));
  });
}

Deno.test("maxPayload: no request of a frame beyond the limit is handled", async () => {
  await using server = serveEcho(LIMIT);
  let calls = 0;
  server.operation("count", () => ++calls);
  await using client = await RawClient.logIn(server, ["batch"]);
  const batch = Array.from({ length: 20 }, (_, id) => operation(id, "count"));
  assert(byteLength(JSON.stringify(batch)) > LIMIT);
  client.send(batch);
  assert.deepEqual(await client.closed, TOO_LARGE);
  assert.equal(calls, 0);
});

Deno.test("maxPayload: a batch counts as one frame", async () => {
  await using server = serveEcho(LIMIT);
  await using client = await RawClient.logIn(server, ["batch"]);
  const rest = LIMIT - "[,]".length - 400;
  client.send(`[${callOf(400)},${callOf(rest, "a", 2)}]`);
  assert.equal((await client.take(2)).length, 2);
  client.send(`[${callOf(400)},${callOf(rest + 1, "a", 2)}]`);
  assert.deepEqual(await client.closed, TOO_LARGE);
});

Deno.test("maxPayload: the fragments of a message count together", async () => {
  await using server = serveEcho(LIMIT);
  using peer = await TcpPeer.logIn(server);
  const fragments = (call: string) => [
    encodeFrame(call.slice(0, 600), { fin: false }),
    encodeFrame(call.slice(600), { opcode: 0 }),
  ];
  for (const frame of fragments(callOf(LIMIT))) await peer.write(frame);
  assert.equal((await peer.next()).code, 0);
  for (const frame of fragments(callOf(LIMIT + 1))) await peer.write(frame);
  assert.deepEqual(await peer.closed(), TOO_LARGE);
});

Deno.test("maxPayload: the default is 64 KiB", async () => {
  await using server = serveEcho(undefined);
  await using client = await RawClient.logIn(server);
  client.send(callOf(65_536));
  assert.equal((await client.next()).code, 0);
  client.send(callOf(65_537));
  assert.deepEqual(await client.closed, {
    code: 1009,
    reason: "the frame is larger than 65536 bytes",
  });
});

Deno.test("maxPayload: Infinity removes the limit", async () => {
  await using server = serveEcho(Infinity);
  await using client = await RawClient.logIn(server);
  client.send(callOf(100_000));
  assert.equal((await client.next()).code, 0);
});

for (
  const [maxPayload, features, data] of [
    [LIMIT, ["max-payload"], { features: ["max-payload"], maxPayload: LIMIT }],
    [undefined, ["max-payload"], {
      features: ["max-payload"],
      maxPayload: 65_536,
    }],
    [Infinity, ["max-payload"], { features: ["max-payload"] }],
    [LIMIT, ["batch"], { features: ["batch"] }],
    [LIMIT, undefined, null],
  ] as const
) {
  Deno.test(`maxPayload: ${maxPayload} is sent to a client with the features ${features}`, async () => {
    await using server = serveEcho(maxPayload);
    await using client = await RawClient.open(server);
    client.send({ id: 0, token: "test", version: "1.0.0", features });
    assert.deepEqual((await client.next()).data, data);
  });
}

Deno.test("maxPayload: the client rejects a request beyond the limit", async () => {
  await using server = serveEcho(LIMIT);
  await using connection = await connectTo(server);
  const { operation: name, data } = JSON.parse(callOf(LIMIT + 1)).data;
  const error = await connection.operation(name, data).catch((error) => error);
  assert.equal(error.name, "RangeError");
  assert.match(error.message, /\b1000 bytes/);
  assert.equal(await connection.operation("nothing"), null);
});

class OtherWebSocket extends WebSocket {}

for (
  const [what, options] of [["Deno's", {}], ["another", {
    WebSocket: OtherWebSocket,
  }]] as const
) {
  Deno.test(`maxPayload: the client keeps batches within the limit, with ${what} WebSocket`, async () => {
    // The login of a client that names all extensions just fits.
    await using server = serveEcho(250);
    await using connection = await connectTo(server, options);
    const calls = Array.from(
      { length: 50 },
      () => connection.operation("nothing"),
    );
    assert.deepEqual(new Set(await Promise.all(calls)), new Set([null]));
  });
}
