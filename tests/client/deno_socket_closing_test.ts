/** How a socket of a client ends: RFC 6455, section 7. */

import assert from "node:assert/strict";
import { RecordedSocket } from "../support/deno_socket.ts";
import {
  type ScriptedPeer,
  ScriptedServer,
} from "../support/scripted_server.ts";
import { encodeFrame, joinBytes, Opcode } from "../support/websocket_frames.ts";

async function open(
  server: ScriptedServer,
): Promise<readonly [RecordedSocket, ScriptedPeer]> {
  const client = new RecordedSocket(server.url);
  const peer = await server.open();
  await client.opened;
  return [client, peer];
}

for (const code of [1000, 1001, 1012, 4321]) {
  Deno.test(`a Close frame with ${code} is answered once, with the same code`, async () => {
    using server = new ScriptedServer();
    const [client, peer] = await open(server);
    await peer.sendClose(code, "Grüße");
    assert.deepEqual(await peer.closeFrame(), [code, ""]);
    client.socket.close(1000);
    peer[Symbol.dispose]();
    assert.deepEqual(await client.closed, { code, reason: "Grüße" });
    assert.deepEqual(client.failures, []);
  });
}

Deno.test("a Close frame without a code is answered without a code", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  await peer.send("", { opcode: Opcode.CLOSE });
  const frame = await peer.frame();
  assert.equal(frame?.opcode, Opcode.CLOSE);
  assert.equal(frame.payload.length, 0);
  peer[Symbol.dispose]();
  assert.deepEqual(await client.closed, { code: 1005, reason: "" });
});

Deno.test("frames behind a Close frame are ignored", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  const close = encodeFrame(Uint8Array.of(3, 232), {
    opcode: Opcode.CLOSE,
    mask: null,
  });
  await peer.write(joinBytes([close, encodeFrame("late", { mask: null })]));
  await peer.closeFrame();
  peer[Symbol.dispose]();
  assert.equal((await client.closed).code, 1000);
  assert.deepEqual(client.messages, []);
});

Deno.test("close() sends the code and the reason, and waits for the server", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  client.socket.send("before");
  client.socket.close(4000, "bye");
  client.socket.close(1000);
  client.socket.send("late");
  client.socket.ping();
  assert.equal((await peer.frame())?.opcode, Opcode.TEXT);
  assert.deepEqual(await peer.closeFrame(), [4000, "bye"]);
  assert.equal(client.socket.readyState, 2);
  await peer.send("on the way");
  await peer.sendClose(4000, "bye, too");
  peer[Symbol.dispose]();
  assert.deepEqual(await client.closed, { code: 4000, reason: "bye, too" });
  assert.deepEqual(client.messages, []);
});

for (
  const [what, answer] of [
    ["neither answers a Close frame nor ends the connection", () => {}],
    [
      "answers a Close frame and does not end the connection",
      (peer: ScriptedPeer) => peer.sendClose(1000),
    ],
  ] as const
) {
  Deno.test(`a socket ends by itself if the server ${what}`, async () => {
    using server = new ScriptedServer();
    const [client, peer] = await open(server);
    client.socket.close(1000);
    await peer.closeFrame();
    await answer(peer);
    const { code } = await client.closed;
    assert.equal(code, what.startsWith("neither") ? 1006 : 1000);
    await peer.ended();
  });
}

Deno.test("a socket ends although the server does not read its Close frame", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  client.socket.send("x".repeat(20_000_000));
  client.socket.close(1000);
  assert.equal((await client.closed).code, 1006);
  await peer.ended();
});

Deno.test("a connection that ends without a Close frame has the code 1006", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  peer[Symbol.dispose]();
  assert.deepEqual(await client.closed, { code: 1006, reason: "" });
  assert.equal(client.socket.readyState, 3);
});

Deno.test("a Close frame is read although the server has stopped to read", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  client.socket.send("x".repeat(20_000_000));
  await peer.sendClose(1013, "too slow");
  assert.deepEqual(await client.closed, { code: 1013, reason: "too slow" });
});

Deno.test("terminate() ends an open socket at once", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  client.socket.terminate();
  client.socket.terminate();
  assert.deepEqual(await client.closed, { code: 1006, reason: "" });
  assert.deepEqual(client.failures, []);
  assert.equal(await peer.frame(), null);
});

Deno.test("terminate() ends a socket whose data waits", async () => {
  using server = new ScriptedServer();
  const [client] = await open(server);
  client.socket.send("x".repeat(20_000_000));
  client.socket.terminate();
  assert.equal((await client.closed).code, 1006);
});

Deno.test("terminate() in a listener ignores the rest of what arrived", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  client.socket.addEventListener("message", () => client.socket.terminate());
  const message = encodeFrame("a", { mask: null });
  await peer.write(joinBytes([message, message]));
  assert.equal((await client.closed).code, 1006);
  assert.deepEqual(client.messages, ["a"]);
});

for (const method of ["terminate", "close"] as const) {
  Deno.test(`${method}() ends a socket that has just begun to connect`, async () => {
    using server = new ScriptedServer();
    const client = new RecordedSocket(server.url);
    client.socket[method]();
    assert.equal((await client.closed).code, 1006);
    assert.deepEqual(client.failures, []);
  });

  Deno.test(`${method}() ends a socket whose handshake is not answered`, async () => {
    using server = new ScriptedServer();
    const client = new RecordedSocket(server.url);
    const peer = await server.request();
    client.socket[method]();
    assert.equal((await client.closed).code, 1006);
    assert.equal(await peer.frame(), null);
    assert.deepEqual(client.failures, []);
  });

  Deno.test(`${method}() ends a socket whose TLS handshake is not answered`, async () => {
    using server = new ScriptedServer();
    const client = new RecordedSocket(server.url.replace("ws:", "wss:"));
    const peer = await server.accept();
    client.socket[method]();
    assert.equal((await client.closed).code, 1006);
    assert.deepEqual(client.failures, []);
    // Deno keeps the TCP connection of an unfinished TLS handshake.
    peer[Symbol.dispose]();
  });
}

Deno.test("terminate() in a listener of `open` ends the socket", async () => {
  using server = new ScriptedServer();
  const client = new RecordedSocket(server.url);
  client.socket.addEventListener("open", () => client.socket.terminate());
  const peer = await server.open();
  assert.equal((await client.closed).code, 1006);
  assert.equal(await peer.frame(), null);
});

Deno.test("close() rejects a reason that no Close frame can contain", async () => {
  using server = new ScriptedServer();
  const [client, peer] = await open(server);
  assert.throws(
    () => client.socket.close(1000, "x".repeat(124)),
    /the reason must be at most 123 bytes long/,
  );
  client.socket.close(1000, "x".repeat(123));
  assert.equal((await peer.closeFrame())[1].length, 123);
  peer[Symbol.dispose]();
  await client.closed;
});
