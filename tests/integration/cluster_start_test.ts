/** A server that connects to its broker, loses it, and comes back. */

import assert from "node:assert/strict";
import { defineContract } from "../../contract/mod.ts";
import { ConnectError, PublishError } from "../../common/errors.ts";
import { serve } from "../../server.ts";
import { FaultyEngine } from "../support/faulty_engine.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { Servers } from "../support/servers.ts";
import { until } from "../support/timing.ts";

async function health(url: string): Promise<[number, Record<string, unknown>]> {
  const response = await fetch(`${url}/hoist/health`);
  return [response.status, await response.json()];
}

Deno.test("a server accepts clients as soon as it is connected", async () => {
  await using servers = new Servers();
  servers.engine.stop();
  const logger = new LogRecorder();
  const server = servers.add({ logger });
  assert.equal(server.cluster.state, "starting");
  assert.deepEqual(await health(server.url), [
    503,
    { status: "starting", lostUpgrades: 0, broker: "starting" },
  ]);
  const refused = await servers.connect(0).catch((error) => error);
  assert(refused instanceof ConnectError);
  assert.equal(refused.status, 503);
  assert.equal(refused.retryAfter, 1_000);
  server.defineRoom("news");
  const publishing = server.room("news").broadcast("hello");
  await assert.rejects(
    publishing,
    (error) => error instanceof PublishError && error.outcome === "none",
  );
  assert(logger.lines.some((line) => line.includes("is not connected yet")));
  await servers.engine.start();
  await server.cluster.ready;
  await servers.connect(0);
  await server.room("news").broadcast("hello");
  assert.deepEqual(await health(server.url), [
    200,
    { status: "ok", lostUpgrades: 0, broker: "up" },
  ]);
});

Deno.test("a server describes its contract as soon as it is connected", async () => {
  const broker = new FaultyEngine();
  broker.stop();
  await using server = serve("test", {
    ...{ hostname: "127.0.0.1", port: 0, logger: new LogRecorder(), broker },
    ...{ contract: defineContract({}), exposeContract: true },
  });
  const describe = async () => {
    const headers = { authorization: "Bearer test" };
    const response = await fetch(`${server.url}/hoist/contract`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await describe(), 503);
  await broker.start();
  await server.cluster.ready;
  assert.equal(await describe(), 200);
});

Deno.test("clients stay while the engine is down, and what needs no engine continues", async () => {
  const logger = new LogRecorder();
  await using servers = await Servers.start(2, { logger }, (server) => {
    server.defineRoom("news", { history: { size: 10 } });
    server.operation("add", ({ a, b }) => Number(a) + Number(b));
    server.operation("count", async function* () {
      yield await Promise.resolve(1);
    });
  });
  const connection = await servers.connect(0);
  servers.engine.stop();
  assert.equal(servers.at(0).cluster.state, "down");
  assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
  for await (const item of connection.stream("count")) assert.equal(item, 1);
  await assert.rejects(
    servers.at(0).room("news").broadcast("hello"),
    (error) => error instanceof PublishError && error.outcome === "none",
  );
  assert.deepEqual(await health(servers.at(0).url), [
    200,
    { status: "ok", lostUpgrades: 0, broker: "down" },
  ]);
  // A new client is accepted, because this server knows of no reason against it.
  await servers.connect(0);
  await servers.engine.start();
  await until(() => servers.at(0).cluster.state === "up", "the engine is up");
  await servers.at(0).room("news").broadcast("hello");
  const down =
    "is down: The connection was cut. Until it is up again, broadcasts reach only";
  for (const line of [down, "connected"]) {
    assert(logger.lines.some((each) => each.includes(line)), line);
  }
});

Deno.test("a server can be unhealthy while the broker is down", async () => {
  await using servers = await Servers.start(1, { requireBroker: true });
  const { url } = servers.at(0);
  assert.equal((await health(url))[0], 200);
  servers.engine.stop();
  assert.deepEqual(await health(url), [
    503,
    { status: "failing", lostUpgrades: 0, broker: "down" },
  ]);
  await servers.engine.start();
  assert.equal((await health(url))[0], 200);
});

Deno.test("a server that is alone does not mention a broker", async () => {
  await using server = serveQuietly();
  await server.cluster.ready;
  assert.deepEqual(await health(server.url), [
    200,
    { status: "ok", lostUpgrades: 0 },
  ]);
  assert.equal(server.cluster.state, "alone");
  assert.equal(server.cluster.nodes.size, 0);
  await server.cluster.message(undefined, "hello");
  await assert.rejects(server.cluster.request("other", "hello"), {
    name: "NoNodeError",
  });
});

Deno.test("a server can be closed before it is connected", async () => {
  await using servers = new Servers();
  servers.engine.stop();
  const server = servers.add();
  await server.close();
  await servers.engine.start();
  assert.equal(server.cluster.state, "starting");
});

Deno.test("a server checks its broker", () => {
  for (const broker of [null, "nats", {}, { open: 1, name: "x" }]) {
    assert.throws(
      () => serveQuietly({ broker: broker as never }),
      /TypeError: Cannot serve: 'broker' must be a broker, such as/,
    );
  }
  assert.throws(
    () => serveQuietly({ requireBroker: true }),
    /TypeError: Cannot serve: 'requireBroker' needs a broker/,
  );
  assert.throws(
    () => serveQuietly({ requireBroker: 1 as never }),
    /TypeError: .*'requireBroker'/,
  );
});
