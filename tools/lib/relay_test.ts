/** A TCP proxy that can end its connections. */

import assert from "node:assert/strict";
import { ConnectError, ConnectionClosedError } from "../../common/errors.ts";
import { connectTo, serveQuietly } from "../../tests/support/server.ts";
import { gate } from "../../tests/support/timing.ts";
import { pause } from "./deadline.ts";
import { dialPort, Relay } from "./relay.ts";

Deno.test("forwards data until its connections are ended", async () => {
  await using server = serveQuietly({ limits: { maxPayload: 1_000_000 } });
  const { opened, open } = gate();
  server.operation("echo", (data) => data);
  server.operation("wait", async () => await opened);
  await using relay = new Relay(dialPort(() => server.addr.port));
  await using connection = await connectTo(server, { url: relay.url });
  const data = { text: "x".repeat(200_000) };
  assert.deepEqual(await connection.operation("echo", data), data);

  const waiting = connection.operation("wait");
  relay.abort();
  await assert.rejects(waiting, ConnectionClosedError);
  open();

  await using again = await connectTo(server, { url: relay.url });
  assert.deepEqual(await again.operation("echo", { n: 1 }), { n: 1 });
});

Deno.test("swallows what both sides send, and forwards new connections", async () => {
  await using server = serveQuietly();
  server.operation("echo", (data) => data);
  await using relay = new Relay(dialPort(() => server.addr.port));
  await using connection = await connectTo(server, {
    url: relay.url,
    heartbeat: { interval: 1_000, timeout: 1_000 },
    reconnect: { minDelay: 1 },
  });
  let received = 0;
  connection.receive("news", () => void received++);
  const codes: number[] = [];
  connection.onState((status) => {
    if (status.state === "waiting") codes.push(status.close.code);
  });
  const [client] = server.clients;
  relay.swallow();
  client?.message("news");
  const options = { idempotent: true };
  const result = await connection.operation("echo", { n: 1 }, options);
  assert.deepEqual(result, { n: 1 });
  assert.deepEqual(codes, [1006]);
  // The server has not noticed that the old client has left.
  assert(client !== undefined && server.clients.has(client));
  assert.equal(received, 0);
});

Deno.test("ends each connection until it knows the port of the server", async () => {
  await using server = serveQuietly();
  const target: { port?: number } = {};
  await using relay = new Relay(dialPort(() => target.port));
  const attempt = connectTo(server, { url: relay.url });
  await assert.rejects(attempt, ConnectError);
  target.port = server.addr.port;
  await using connection = await connectTo(server, { url: relay.url });
  assert.equal(connection.state, "open");
});

Deno.test("holds data and new connections back until they are released", async () => {
  await using server = serveQuietly();
  server.operation("echo", (data) => data);
  await using relay = new Relay(dialPort(() => server.addr.port));
  await using connection = await connectTo(server, { url: relay.url });
  const arrived: string[] = [];
  relay.hold();
  const echo = connection.operation("echo", { n: 1 })
    .then(() => void arrived.push("echo"));
  const login = connectTo(server, { url: relay.url });
  void login.then(() => void arrived.push("login"), () => {});
  await pause(50);
  assert.deepEqual(arrived, []);
  relay.release();
  await echo;
  await using another = await login;
  assert.equal(another.state, "open");
  assert.deepEqual(arrived.toSorted(), ["echo", "login"]);
});

Deno.test("ends its connections and new ones until it is mended", async () => {
  await using server = serveQuietly();
  await using relay = new Relay(dialPort(() => server.addr.port));
  await using connection = await connectTo(server, { url: relay.url });
  relay.hold();
  relay.cut();
  await connection.closed;
  const attempt = connectTo(server, { url: relay.url });
  await assert.rejects(attempt, ConnectError);
  relay.mend();
  await using again = await connectTo(server, { url: relay.url });
  assert.equal(again.state, "open");
});

Deno.test("ends after the connections that began before", async () => {
  await using server = serveQuietly();
  const dial = dialPort(() => server.addr.port);
  const { opened: started, open: start } = gate();
  let isConnected = false;
  {
    await using relay = new Relay(async () => {
      start();
      await pause(1);
      const connection = await dial();
      isConnected = true;
      return connection;
    });
    const { port } = relay;
    using _client = await Deno.connect({ hostname: "127.0.0.1", port });
    await started;
  }
  assert(isConnected);
});
