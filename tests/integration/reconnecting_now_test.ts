/** Reconnecting at once: connection.reconnect() and the event "online" of a page. */

import assert from "node:assert/strict";
import { connect, debug } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import { ConnectionClosedError } from "../../common/errors.ts";
import { rejection, rejectionOf } from "../support/errors.ts";
import { LogRecorder, onFirst } from "../support/log_recorder.ts";
import { createFast, lateServer } from "../support/late_server.ts";
import {
  answerAll,
  answerLoginOnly,
  type ConnectionScript,
  FAST_RECONNECT,
  onChange,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

/** Delays that no test waits for. */
const SLOW = { minDelay: 60_000, maxDelay: 60_000 };

/** Creates a connection that waits for its server. */
async function waitingConnection(url: string): Promise<Connection> {
  const connection = createFast({ url }, { reconnect: SLOW });
  const states = new StateRecorder(connection);
  await states.next("waiting");
  return connection;
}

for (
  const [what, wake] of [
    ["reconnect()", (connection: Connection) => connection.reconnect()],
    ['the event "online"', () => globalThis.dispatchEvent(new Event("online"))],
  ] as const
) {
  Deno.test(`${what} ends the wait for the next attempt`, async () => {
    const late = lateServer();
    await using connection = await waitingConnection(late.url);
    await using _server = late.start();
    const states = new StateRecorder(connection);
    wake(connection);
    assert.equal(connection.state, "connecting");
    await connection.opened;
    await connection.message("hello");
    assert.deepEqual(states.seen, ["connecting", "open"]);
  });
}

Deno.test('the event "online" has no effect on other states', async () => {
  await using server = scriptedServer([answerAll]);
  await using open = await connectTo(server, { reconnect: SLOW });
  const closed = await waitingConnection("http://127.0.0.1:1");
  await closed.close();
  const states = [open, closed].map((connection) =>
    new StateRecorder(connection)
  );
  globalThis.dispatchEvent(new Event("online"));
  await open.operation("add");
  assert.deepEqual(states.map(({ seen }) => seen), [[], []]);
  assert.equal(server.sockets.length, 1);
});

Deno.test('the event "online" has no effect on a connection that has waited before', async () => {
  const late = lateServer();
  await using connection = await waitingConnection(late.url);
  await using server = late.start();
  connection.reconnect();
  await connection.opened;
  const states = new StateRecorder(connection);
  globalThis.dispatchEvent(new Event("online"));
  await connection.message("hello");
  assert.deepEqual(states.seen, []);
  assert.equal(server.clients.size, 1);
});

Deno.test("requests fail as after a lost connection if reconnect() lets none wait", async () => {
  await using server = scriptedServer([answerAll]);
  await using connection = await connectTo(server, { reconnect: SLOW });
  connection.reconnect();
  const error = await rejection(connection.operation("early"));
  assert(error instanceof ConnectionClosedError);
  assert.deepEqual([error.code, error.reason], [1006, ""]);
});

Deno.test("reconnect() gives up a connection that is open", async () => {
  await using server = scriptedServer([answerLoginOnly, answerAll]);
  await using connection = await connectTo(server, { reconnect: SLOW });
  const states = new StateRecorder(connection);
  const lost = connection.operation("lost");
  const again = connection.operation("again", {}, { idempotent: true });
  connection.reconnect();
  const error = await rejection(lost);
  assert(error instanceof ConnectionClosedError);
  assert.equal(error.code, 1006);
  assert.equal(await again, "again");
  assert.deepEqual(states.seen, ["connecting", "open"]);
  assert.equal(server.sockets.length, 2);
});

Deno.test("reconnect() gives up a connection that swallows everything", async () => {
  await using server = serveQuietly();
  await using proxy = new TcpProxy(server);
  await using connection = await connectTo(proxy, { reconnect: SLOW });
  const states = new StateRecorder(connection);
  proxy.hold();
  const lost = connection.message("lost");
  connection.reconnect();
  assert(await rejection(lost) instanceof ConnectionClosedError);
  proxy.cut();
  await states.next("open");
  await connection.message("hello");
});

Deno.test("reconnect() replaces an attempt that is in progress", async () => {
  const silent: ConnectionScript = () => {};
  await using server = scriptedServer([silent, answerAll]);
  await using connection = createFast(server, { reconnect: SLOW });
  const states = new StateRecorder(connection);
  while (server.sockets.length === 0) await pause(1);
  connection.reconnect();
  await connection.opened;
  assert.deepEqual(states.seen, ["open"]);
  assert.equal(server.sockets.length, 2);
});

Deno.test("reconnect() called many times opens one connection", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server, { reconnect: SLOW });
  const states = new StateRecorder(connection);
  for (let n = 0; n < 20; n++) connection.reconnect();
  await states.next("open");
  await connection.message("hello");
  assert.deepEqual(states.seen, ["connecting", "open"]);
  while (server.clients.size > 1) await pause(1);
});

Deno.test("reconnect() in a listener of any state does not repeat itself without an end", async () => {
  await using server = scriptedServer([answerAll]);
  await using connection = await connectTo(server, { reconnect: SLOW });
  let calls = 0;
  onChange(connection, ({ state }) => {
    if (state === "open" || state === "closed") return;
    calls++;
    connection.reconnect();
  });
  const states = new StateRecorder(connection);
  server.sockets[0]!.close(1001);
  await states.next("open");
  assert.equal(calls, 2);
});

Deno.test("the attempts count from the start after reconnect()", async () => {
  const late = lateServer();
  await using connection = createFast(late, {
    reconnect: { ...SLOW, maxAttempts: 1 },
  });
  const states = new StateRecorder(connection);
  for (let n = 0; n < 3; n++) {
    await states.next("waiting");
    connection.reconnect();
  }
  await states.next("waiting");
});

Deno.test("reconnect() throws if the connection is closed", async () => {
  await using server = scriptedServer([answerAll]);
  const connection = await connectTo(server, { reconnect: FAST_RECONNECT });
  await connection.close();
  const error = await rejectionOf(() => connection.reconnect());
  assert(error instanceof ConnectionClosedError);
  assert.match(
    error.message,
    /^Cannot finish the reconnect: .* is closed \(1000/,
  );
});

Deno.test("reconnect() throws if the client does not reconnect", async () => {
  await using server = scriptedServer([answerAll]);
  const { url } = server;
  const connections = [
    await connect("test", { url }),
    createFast({ url }, { reconnect: false }),
  ];
  for (const connection of connections) {
    await connection.opened;
    assert.throws(() => connection.reconnect(), {
      name: "TypeError",
      message:
        "Cannot reconnect: this connection does not reconnect. Set the option 'reconnect'.",
    });
    assert.equal(await connection.operation("add"), "add");
    await connection.close();
  }
  assert.equal(server.sockets.length, 2);
});

Deno.test("a logger that closes the connection during reconnect() wins", async () => {
  await using server = serveQuietly();
  using _debugging = debug();
  const logger = new LogRecorder();
  const connection = await connectTo(server, { logger, reconnect: SLOW });
  logger.debug = (line) => {
    if (line.startsWith("disconnect:")) void connection.close();
  };
  connection.reconnect();
  assert.equal(connection.state, "closed");
  assert.equal((await connection.closed).code, 1000);
  while (server.clients.size > 0) await pause(1);
});

Deno.test("a logger can reconnect while the answer to the login arrives", async () => {
  await using server = serveQuietly();
  using _debugging = debug();
  const logger = new LogRecorder();
  await using connection = createFast(server, { logger });
  const states = new StateRecorder(connection);
  onFirst(logger, "receive:", () => connection.reconnect());
  await connection.opened;
  await connection.message("hello");
  assert.deepEqual(states.seen, ["open"]);
  while (server.clients.size > 1) await pause(1);
  assert.equal(connection.state, "open");
});
