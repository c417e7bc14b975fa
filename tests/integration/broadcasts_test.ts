import assert from "node:assert/strict";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { pause } from "../support/timing.ts";

Deno.test("broadcast() encodes a message once and sends it to every client", async () => {
  await using server = serveQuietly();
  await using one = await RawClient.logIn(server);
  await using two = await RawClient.logIn(server);
  let encoded = 0;
  const data = {
    toJSON() {
      encoded++;
      return { n: 1 };
    },
  };
  const result = await server.broadcast(
    "news",
    data as unknown as Record<string, never>,
  );
  assert.deepEqual(result, {
    delivered: 2,
    skipped: 0,
    replaced: 0,
    failed: 0,
    position: null,
  });
  assert.equal(encoded, 1);
  for (const client of [one, two]) {
    const { data, id, message } = await client.next();
    assert.deepEqual([message, id], ["s_newmsg", null]);
    const { id: _, ...rest } = data;
    assert.deepEqual(rest, { message: "news", data: { n: 1 }, replying: null });
  }
});

Deno.test("broadcast() reaches the other clients if one connection is lost", async () => {
  await using server = serveQuietly();
  const broken = await TcpPeer.logIn(server);
  await using client = await RawClient.logIn(server);
  broken[Symbol.dispose]();
  assert((await server.broadcast("news")).delivered >= 1);
  assert.equal((await client.next()).data.message, "news");
});

Deno.test("broadcast() without clients logs a warning", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  const nobody = {
    delivered: 0,
    skipped: 0,
    replaced: 0,
    failed: 0,
    position: null,
  };
  assert.deepEqual(await server.broadcast("news"), nobody);
  await logger.line(
    /^warn broadcast: message "news" was not sent: no client is connected$/,
  );
});

Deno.test("broadcast() on a closed server checks its arguments and logs nothing", async () => {
  const logger = new LogRecorder();
  const server = serveQuietly({ logger });
  await server.close();
  const before = logger.lines.length;
  await assert.rejects(server.broadcast("news", 1 as never), TypeError);
  await server.broadcast("news");
  assert.deepEqual(logger.lines.slice(before), []);
});

Deno.test("Server.clients contains the clients that are logged in", async () => {
  await using server = serveQuietly();
  await using _one = await RawClient.logIn(server);
  {
    await using _two = await RawClient.logIn(server);
    const ids = [...server.clients].map(({ id }) => id);
    assert.equal(new Set(ids).size, 2);
  }
  while (server.clients.size > 1) await pause(5);
  const [client] = server.clients;
  assert.match(client?.address ?? "", /^127\.0\.0\.1:\d+$/);
  assert.equal(client?.version, "1.0.0");
});

Deno.test("broadcast() without clients warns once until a client logs in", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  const warnings = () => logger.lines.filter((line) => /^warn/.test(line));
  for (let n = 0; n < 3; n++) await server.broadcast("tick");
  assert.equal(warnings().length, 1);
  {
    await using _client = await RawClient.logIn(server);
    await server.broadcast("tick");
  }
  await logger.line(/disconnect/);
  for (let n = 0; n < 3; n++) await server.broadcast("tick");
  assert.equal(warnings().length, 2);
});
