/** Heartbeats of the real client and the real server. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { CloseInfo } from "../../protocol/close.ts";
import { ackResponse, successFrame } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { pingsSent } from "../support/deno_socket.ts";
import { FAST_RECONNECT, StateRecorder } from "../support/reconnecting.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { pause } from "../support/timing.ts";
import { VERSION_1_0 } from "../support/version_1_0.ts";
import { Opcode } from "../support/websocket_frames.ts";

const OFFER = "Sec-WebSocket-Protocol: hoist.v1, hoist.heartbeat";

const FAST = { interval: 1_000, timeout: 1_000 };

Deno.test("a client reconnects if its server swallows everything", async () => {
  await using server = serveQuietly();
  server.operation("now", () => 1);
  await using proxy = new TcpProxy(server);
  await using connection = await connectTo(proxy, {
    heartbeat: FAST,
    reconnect: FAST_RECONNECT,
  });
  const states = new StateRecorder(connection);
  proxy.hold();
  const result = connection.operation("now", {}, { idempotent: true });
  const { close } = await states.next("waiting");
  assert.deepEqual(close, {
    code: 1006,
    reason: "the server did not answer a ping within 1000 ms",
  });
  proxy.cut();
  assert.equal(await result, 1);
});

Deno.test("a connection without `reconnect` ends if its server swallows everything", async () => {
  await using server = serveQuietly();
  await using proxy = new TcpProxy(server);
  const connection = await connectTo(proxy, { heartbeat: FAST });
  proxy.hold();
  assert.equal((await connection.closed).code, 1006);
  assert.equal(connection.state, "closed");
});

Deno.test("a request that gets no response lets the client check its server", async () => {
  await using server = serveQuietly();
  await using proxy = new TcpProxy(server);
  const heartbeat = { interval: 600_000, timeout: 1_000 };
  const connection = await connectTo(proxy, { heartbeat });
  proxy.hold();
  while (connection.state === "open") {
    const request = connection.message("hello", {}, { timeout: 200 });
    await request.catch(() => {});
  }
  assert.equal((await connection.closed).code, 1006);
});

Deno.test("a quiet connection stays open", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server, { heartbeat: FAST });
  await new Promise((resolve) => setTimeout(resolve, 3_500));
  assert.equal(connection.state, "open");
  await connection.message("hello");
});

Deno.test("a server of version 1.0 gets WebSocket pings, and no other frames", async () => {
  const options = { hostname: "127.0.0.1", port: 0, logger: new LogRecorder() };
  await using server = VERSION_1_0.serve("test", options);
  await using proxy = new TcpProxy(server);
  const connection = await connectTo(proxy, { heartbeat: FAST });
  // The client would have ended the connection before the third ping.
  await Promise.race([pingsSent(3), connection.closed]);
  assert.equal(connection.state, "open");
  proxy.hold();
  assert.equal((await connection.closed).code, 1006);
});

Deno.test("the server waits for the interval that a client has stated", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({
    idleTimeout: 1_000,
    logger,
    logLevel: "debug",
  });
  await using connection = await connectTo(server, {
    heartbeat: { interval: 4_000, timeout: 1_000 },
  });
  await logger.line(/"action":"ping"/);
  assert.equal(connection.state, "open");
});

Deno.test("the server ends the connection of a client that offers heartbeats and sends none", async () => {
  await using server = serveQuietly({ idleTimeout: 1_000 });
  const headers = [OFFER];
  using peer = await TcpPeer.logIn(server, { headers });
  assert.deepEqual(await peer.closed(), {
    code: 1001,
    reason: "silent for 1 s",
  });
  assert.equal(server.clients.size, 0);
});

Deno.test("the server closes although a client that offers heartbeats never answers", async () => {
  const server = serveQuietly();
  const headers = [OFFER];
  using peer = await TcpPeer.logIn(server, { headers });
  await server.close();
  assert.equal((await peer.closed())?.code, 1001);
  // The socket is gone, although the client has not answered the Close frame.
  assert.equal(await peer.frame(), null);
});

Deno.test("a client without heartbeats is ended by Deno", async () => {
  const { promise: closed, resolve } = Promise.withResolvers<CloseInfo>();
  await using server = serveQuietly({
    idleTimeout: 1_000,
    onDisconnect: (_client, close) => resolve(close),
  });
  using peer = await TcpPeer.logIn(server);
  assert.equal((await peer.frame())?.opcode, Opcode.PING);
  assert.equal((await peer.closed())?.code, 1001);
  assert.deepEqual(await closed, { code: 1001, reason: "silent for 1 s" });
});

Deno.test("a ping that is due after the Close frame does not end the program", async () => {
  using server = new ScriptedServer();
  const opening = connect("test", {
    url: `http://127.0.0.1:${server.port}`,
    heartbeat: FAST,
    fetch: () => Promise.resolve(ackResponse()),
  });
  const peer = await server.open();
  await peer.frame();
  await peer.send(successFrame(0, null));
  const connection = await opening;
  await pause(500);
  // The server does not end the TCP connection.
  await peer.sendClose(1000);
  assert.equal((await connection.closed).code, 1000);
});
