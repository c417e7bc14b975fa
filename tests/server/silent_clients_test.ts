/** What a server does with clients from which it hears nothing. */

import assert from "node:assert/strict";
import { ServerConnection } from "../../server/connection.ts";
import { PING, PONG } from "../../protocol/encode.ts";
import { resolveLimits } from "../../server/limits.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { logInSocket } from "../support/server_connection.ts";
import {
  ADDRESS,
  FakeSocket,
  serverContext,
} from "../support/server_context.ts";
import { type Addressed, TcpPeer } from "../support/tcp_peer.ts";
import { encodeFrame, Opcode } from "../support/websocket_frames.ts";
import { endOfTick, settlesAtOnce } from "../support/timing.ts";
import type { Socket } from "../../server/socket.ts";

const ping = JSON.parse(PING);

/** A connection whose silence the server watches, with a way to pass the time. */
function connectUntimed(socket: Socket, idleTimeout = 30_000) {
  const logger = new LogRecorder();
  const context = serverContext({ idleTimeout }, logger);
  const events: string[] = [];
  const { promise: gone, resolve: onGone } = Promise.withResolvers<void>();
  const connection = new ServerConnection(
    1,
    context,
    {
      admit: (_connection, result) => result,
      onConnected: () => {},
      renew: (_connection, result) => result as never,
      onOpenedLate: () => {},
      onClosed: () => events.push("closed"),
      onGone: () => onGone(),
    },
    socket,
    { peer: { address: ADDRESS, network: "192.0.2.1" } },
    { isTimed: false },
  );
  const pass = (seconds: number) => {
    for (let n = 0; n < seconds; n++) context.silence.tick();
  };
  return { connection, context, events, gone, logger, pass };
}

/** Logs in a client of {@linkcode connectUntimed}. */
function logIn(heartbeat?: object, idleTimeout?: number) {
  const socket = new FakeSocket();
  const parts = connectUntimed(socket, idleTimeout);
  const features = heartbeat && ["heartbeat"];
  socket.receive({ id: 0, token: "test", version: "1", features, heartbeat });
  socket.sent.length = 0;
  return { ...parts, socket };
}

Deno.test("a ping is answered with a pong if the client named the extension", async () => {
  const { sent, socket } = await logInSocket(["heartbeat"]);
  socket.receive(ping);
  assert.deepEqual(sent, [PONG]);
  const hoist1 = await logInSocket();
  hoist1.socket.receive(ping);
  assert.equal(JSON.parse(hoist1.sent[0]!).code, 2);
});

Deno.test("a ping is answered while the server shuts down", async () => {
  const { context, sent, socket } = await logInSocket(["heartbeat"]);
  context.shutdown.begin(1);
  socket.receive(ping);
  assert.deepEqual(sent, [PONG]);
});

Deno.test("one ping per second does not count towards maxRate, and others do", async () => {
  const limits = resolveLimits({ maxRate: 1, maxBurst: 2 });
  const { sent, socket } = await logInSocket(["heartbeat"], { limits });
  for (let n = 1; n <= 4; n++) socket.receive(ping);
  assert.deepEqual(socket.closed, []);
  assert.deepEqual(sent, [PONG, PONG, PONG, PONG]);
  // The bucket fills again by less than one request meanwhile.
  for (let n = 1; n <= 2; n++) socket.receive(ping);
  await endOfTick();
  assert.deepEqual(socket.closed, [1008]);
});

for (
  const [heartbeat, idleTimeout, silence] of [
    [{ interval: 25_000, timeout: 10_000 }, 30_000, 50],
    [{ interval: 1_000, timeout: 1_000 }, 5_000, 17],
    [{ interval: 25_000, timeout: 10_000 }, 90_000, 90],
    // It offered the subprotocol, but does not name the extension.
    [undefined, 30_000, 30],
  ] as const
) {
  Deno.test(`a client with the heartbeat ${JSON.stringify(heartbeat)} is closed after ${silence} s`, async () => {
    const { events, logger, pass, socket } = logIn(heartbeat, idleTimeout);
    pass(silence);
    assert.deepEqual(events, []);
    pass(1);
    await endOfTick();
    assert.deepEqual([events, socket.closed], [["closed"], [1001]]);
    assert.match(
      logger.lines.at(-1)!,
      new RegExp(`disconnect: .* disconnected: silent for ${silence} s$`),
    );
  });
}

Deno.test("a client that Deno ends after its idle timeout was silent", async () => {
  const { events, logger, socket } = logIn();
  // The same close code is of the client if the client sent a Close frame.
  socket.end(1001, "No response from ping frame.", false);
  await endOfTick();
  assert.deepEqual(events, ["closed"]);
  assert.match(logger.lines.at(-1)!, /disconnected: silent for 30 s$/);
});

Deno.test("a client that goes away has closed the connection itself", async () => {
  const { logger, socket } = logIn();
  socket.end(1001, "", true);
  await endOfTick();
  assert.match(logger.lines.at(-1)!, /closed by the client \(1001\)$/);
});

Deno.test("every frame of a client keeps its connection open", async () => {
  const { events, pass, socket } = logIn({ interval: 1_000, timeout: 1_000 });
  for (const frame of [ping, {}, { id: 1, action: "message" }]) {
    pass(30);
    socket.receive(frame);
  }
  pass(30);
  await endOfTick();
  assert.deepEqual([events, socket.closed], [[], []]);
});

Deno.test("a client is never silent if idleTimeout is Infinity", () => {
  const { context, events, pass } = logIn(undefined, Infinity);
  pass(1_000);
  assert.deepEqual(events, []);
  assert.equal(context.silence.size, 0);
});

Deno.test("only the timeout of the login ends a connection before the login", () => {
  const { context, events, pass } = connectUntimed(new FakeSocket());
  pass(1_000);
  assert.deepEqual(events, []);
  assert.equal(context.silence.size, 0);
});

Deno.test("the server watches no connection that has ended", async () => {
  const { connection, context, socket } = logIn();
  assert.equal(context.silence.size, 1);
  connection.close(4000, "");
  await endOfTick();
  // Now it waits for the Close frame of the client.
  assert.equal(context.silence.size, 1);
  socket.end(4000);
  assert.equal(context.silence.size, 0);
});

Deno.test("the server awaits no Close frame on a socket that is gone", async () => {
  const { connection, context, socket } = logIn();
  connection.close(4000, "");
  socket.end(4000);
  await endOfTick();
  assert.equal(context.silence.size, 0);
});

const LISTENING = "0A";

/**
 * Returns how many connections to a port of a server it has open. A connection that a process has
 * closed can stay in the list, but without an inode. Other tests open connections, too.
 */
function openConnections({ addr: { port } }: Addressed): number {
  const own = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const [, ...rows] = Deno.readTextFileSync("/proc/net/tcp").trim().split("\n");
  return rows.filter((row) => {
    const [, local, , state, , , , , , inode] = row.trim().split(/\s+/);
    return local?.endsWith(own) && state !== LISTENING && inode !== "0";
  }).length;
}

/** Opens a real WebSocket of a server, whose peer reads nothing by itself. */
async function openReal() {
  const { promise, resolve } = Promise.withResolvers<WebSocket>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request, {
        idleTimeout: 0,
      });
      socket.onopen = () => resolve(socket);
      return response;
    },
  );
  const peer = await TcpPeer.open(server);
  return { server, peer, socket: await promise };
}

Deno.test({
  name:
    "the server aborts a socket whose client does not answer the Close frame",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { server, peer, socket } = await openReal();
    const { connection, gone, pass } = connectUntimed(socket);
    assert.equal(openConnections(server), 1);
    connection.close(4000, "enough");
    assert.deepEqual(await peer.closed(), { code: 4000, reason: "enough" });
    pass(10);
    assert(!await settlesAtOnce(gone));
    assert.equal(openConnections(server), 1);
    pass(1);
    await gone;
    assert.equal(await peer.frame(), null);
    assert.equal(openConnections(server), 0);
    peer[Symbol.dispose]();
    await server.shutdown();
  },
});

Deno.test("the server aborts no socket whose client answers the Close frame", async () => {
  const { server, peer, socket } = await openReal();
  const { connection, context, gone } = connectUntimed(socket);
  connection.close(4000, "enough");
  await peer.closed();
  const payload = new Uint8Array([4000 >> 8, 4000 & 0xff]);
  await peer.write(encodeFrame(payload, { opcode: Opcode.CLOSE }));
  await gone;
  assert.equal(context.silence.size, 0);
  peer[Symbol.dispose]();
  await server.shutdown();
});
