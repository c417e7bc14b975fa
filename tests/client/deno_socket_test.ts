import assert from "node:assert/strict";
import { DenoSocket } from "../../client/deno_socket.ts";
import { RecordedSocket } from "../support/deno_socket.ts";
import {
  type ScriptedPeer,
  ScriptedServer,
} from "../support/scripted_server.ts";
import { encodeFrame, joinBytes, Opcode } from "../support/websocket_frames.ts";

const { PING, PONG, TEXT } = Opcode;

/** Opens a socket to a server. */
async function open(
  server: ScriptedServer,
  maxPayload?: number,
): Promise<readonly [RecordedSocket, ScriptedPeer]> {
  const client = new RecordedSocket(server.url, [], { maxPayload });
  const peer = await server.open();
  await client.opened;
  return [client, peer];
}

/** Ends a socket whose server has said all that it has to say. */
async function finish(client: RecordedSocket): Promise<void> {
  client.socket.terminate();
  await client.closed;
}

Deno.test("a socket sends and receives messages of every length", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  const lengths = [0, 125, 126, 65_535, 65_536, 1_000_000];
  for (const [n, length] of lengths.entries()) {
    const text = "x".repeat(length);
    client.socket.send(text);
    const frame = await peer.frame();
    assert.equal(frame?.opcode, TEXT);
    assert.equal(new TextDecoder().decode(frame.payload) === text, true);
    await peer.send(text);
    assert.equal((await client.received(n + 1))[n] === text, true);
  }
  await finish(client);
});

Deno.test("a socket writes the frames that wait in one go", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  for (let n = 0; n < 1_000; n++) client.socket.send(`${n}`);
  assert(client.socket.bufferedAmount > 7_000);
  for (let n = 0; n < 1_000; n++) {
    const { payload } = (await peer.frame())!;
    assert.equal(new TextDecoder().decode(payload), `${n}`);
  }
  await peer.send("all");
  await client.received(1);
  assert.equal(client.socket.bufferedAmount, 0);
  await finish(client);
});

Deno.test("`bufferedAmount` counts what a server does not read", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  const text = "x".repeat(1_000_000);
  for (let n = 0; n < 20; n++) client.socket.send(text);
  assert.equal(client.socket.bufferedAmount, 20 * 1_000_014);
  const reading = (async () => {
    for (let n = 0; n < 20; n++) await peer.frame();
    await peer.send("done");
  })();
  await client.received(1);
  await reading;
  assert.equal(client.socket.bufferedAmount, 0);
  await finish(client);
});

Deno.test("a message that arrives with the response is not lost", async () => {
  using server = new ScriptedServer();
  const socket = new DenoSocket(server.url);
  const peer = await server.request();
  const received = (async () => {
    await new Promise<void>((resolve) =>
      socket.addEventListener("open", () => resolve())
    );
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return await new Promise((resolve) =>
      socket.addEventListener("message", ({ data }) => resolve(data))
    );
  })();
  const head = new TextEncoder().encode(peer.response());
  await peer.write(joinBytes([head, encodeFrame("early", { mask: null })]));
  assert.equal(await received, "early");
  assert.equal(socket.bytesReceived, 7);
  socket.terminate();
  await new Promise((resolve) => socket.addEventListener("close", resolve));
});

Deno.test("a binary message is reported as its bytes", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  await peer.send(Uint8Array.of(1, 2), { opcode: Opcode.BINARY });
  assert.deepEqual(await client.received(1), [Uint8Array.of(1, 2)]);
  await finish(client);
});

Deno.test("a socket answers a Ping frame with its payload", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  for (const payload of ["", "hello", "x".repeat(125)]) {
    await peer.send(payload, { opcode: PING });
    const frame = await peer.frame();
    assert.equal(frame?.opcode, PONG);
    assert.equal(frame.key.length, 4);
    assert.equal(new TextDecoder().decode(frame.payload), payload);
  }
  await finish(client);
});

Deno.test("a server that sends Ping frames and does not read fills no memory", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  client.socket.send("x".repeat(20_000_000));
  const waiting = client.socket.bufferedAmount;
  const ping = encodeFrame("x".repeat(125), { opcode: PING, mask: null });
  await peer.write(joinBytes(Array(10_000).fill(ping)));
  await peer.send("all");
  await client.received(1);
  assert(client.socket.bufferedAmount <= waiting);
  await peer.frame();
  // Of the frames that had to wait, the last one is answered.
  assert.equal((await peer.frame())?.opcode, PONG);
  await finish(client);
});

Deno.test("ping() sends a Ping frame, and the Pong frame counts as received", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  client.socket.ping();
  const frame = await peer.frame();
  assert.equal(frame?.opcode, PING);
  await peer.send("", { opcode: PONG });
  await peer.send("next");
  await client.received(1);
  assert.equal(client.socket.bytesReceived, 2 + 6);
  await finish(client);
});

Deno.test("bytes of a message that is not complete count as received", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  await peer.write(
    encodeFrame("x".repeat(1_000), { mask: null }).slice(0, 500),
  );
  while (client.socket.bytesReceived < 500) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.deepEqual(client.messages, []);
  await finish(client);
});

for (
  const [what, bytes, code, message] of [
    ["a masked frame", encodeFrame("a"), 1002, /^the server sent a masked/],
    [
      "invalid UTF-8",
      encodeFrame(Uint8Array.of(0xff), { mask: null }),
      1007,
      /UTF-8$/,
    ],
    [
      "a message that is too large",
      encodeFrame("", { mask: null, length: 1_001 }),
      1009,
      /'maxPayload', 1000 bytes$/,
    ],
  ] as const
) {
  Deno.test(`a socket closes with ${code} after ${what}`, async () => {
    using server = new ScriptedServer();
    const [client, peer] = await open(server, 1_000);
    await peer.write(bytes);
    assert.deepEqual(await peer.closeFrame(), [code, ""]);
    // What follows is read, so that the Close frame arrives, and ignored.
    await peer.write(encodeFrame("x".repeat(100_000), { mask: null }));
    await peer.sendClose(1000);
    peer[Symbol.dispose]();
    const { code: reported, reason } = await client.closed;
    assert.equal(reported, code);
    assert.match(reason, message);
    assert.deepEqual(client.messages, []);
    const [failure] = client.failures;
    assert.equal(client.failures.length, 1);
    assert.match(failure!.message, message);
    assert.equal(failure!.closeCode, code);
  });
}

Deno.test("a listener that throws ends the socket, and not the program", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  client.socket.addEventListener("message", () => {
    throw new Error("a bug");
  });
  await peer.write(
    joinBytes([
      encodeFrame("a", { mask: null }),
      encodeFrame("b", { mask: null }),
    ]),
  );
  assert.equal((await client.closed).code, 1006);
  assert.deepEqual(client.messages, ["a"]);
  await peer.ended();
});

Deno.test("a socket that is not open yet rejects to send, and one that has closed discards", async () => {
  using server = new ScriptedServer();
  const client = new RecordedSocket(server.url);
  assert.throws(() => client.socket.send("a"), /is not open/);
  assert.throws(() => client.socket.ping(), /is not open/);
  await server.open();
  await client.opened;
  await finish(client);
  assert.equal(client.socket.readyState, 3);
  client.socket.send("a");
  client.socket.ping();
  assert.equal(client.socket.bufferedAmount, 0);
});
