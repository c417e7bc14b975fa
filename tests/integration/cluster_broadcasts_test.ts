/** Broadcasts and messages to users that reach the clients of all servers. */

import assert from "node:assert/strict";
import type { Connection } from "../../client/connection.ts";
import { Servers } from "../support/servers.ts";
import { until } from "../support/timing.ts";

const TOKENS = [
  { name: "ada", token: "a long secret of ada" },
  { name: "bob", token: "a long secret of bob" },
];

/** Records the events of a client. */
function record(connection: Connection): unknown[] {
  const events: unknown[] = [];
  connection.receive((message) => void events.push(message.data.n));
  return events;
}

Deno.test("a broadcast reaches the clients of all servers in order", async () => {
  await using servers = await Servers.start(3);
  const clients = await Promise.all([0, 1, 2].map((n) => servers.connect(n)));
  const events = clients.map(record);
  for (let n = 0; n < 50; n++) void servers.at(0).broadcast("news", { n });
  const { delivered, silentNodes } = await servers.at(0)
    .broadcast("news", { n: 50 });
  assert.equal(delivered, 1);
  assert.equal(silentNodes, undefined);
  const expected = Array.from({ length: 51 }, (_, n) => n);
  for (const each of events) {
    await until(() => each.length === 51, "all events arrived");
    assert.deepEqual(each, expected);
  }
});

Deno.test("a ledger counts the clients of all servers", async () => {
  await using servers = await Servers.start(3);
  for (const index of [0, 1, 1, 2]) await servers.connect(index);
  const result = await servers.at(0).broadcast("news", {}, { ledger: true });
  assert.deepEqual(result, {
    ...{ delivered: 4, skipped: 0, replaced: 0, failed: 0 },
    ...{ position: null, silentNodes: [] },
  });
});

Deno.test("a ledger names the servers that do not answer, and counts no client of them", async () => {
  await using servers = await Servers.start(3);
  for (const index of [0, 1, 2]) await servers.connect(index);
  servers.node(2).freeze();
  const result = await servers.at(0).broadcast("news", {}, { ledger: true });
  assert.equal(result.delivered, 2);
  assert.deepEqual(result.silentNodes, [servers.at(2).cluster.id]);
  await servers.node(2).thaw();
});

Deno.test("a ledger while the engine is down knows only this server", async () => {
  await using servers = await Servers.start(2);
  const [own, other] = [await servers.connect(0), await servers.connect(1)];
  const [mine, theirs] = [record(own), record(other)];
  servers.engine.stop();
  const result = await servers.at(0).broadcast("n", { n: 1 }, { ledger: true });
  assert.equal(result.delivered, 1);
  assert.deepEqual(result.silentNodes, [servers.at(1).cluster.id]);
  const { delivered } = await servers.at(0).broadcast("n", { n: 2 });
  assert.equal(delivered, 1);
  await servers.engine.start();
  await servers.at(0).broadcast("n", { n: 3 }, { ledger: true });
  await until(() => theirs.length === 1, "the last event arrived");
  assert.deepEqual(mine, [1, 2, 3]);
  assert.deepEqual(theirs, [3]);
});

Deno.test("a server that is alone has a ledger without silent servers", async () => {
  await using servers = await Servers.start(1);
  await servers.connect(0);
  const result = await servers.at(0).broadcast("news", {}, { ledger: true });
  assert.equal(result.delivered, 1);
  assert.deepEqual(result.silentNodes, []);
});

Deno.test("a message to a user reaches its clients on all servers, and no others", async () => {
  await using servers = await Servers.start(2, { tokens: TOKENS });
  const connect = (index: number, name: number) =>
    servers.connect(index, {}, TOKENS[name]!.token);
  const ada = [await connect(0, 0), await connect(1, 0)].map(record);
  const bob = record(await connect(1, 1));
  const user = servers.at(0).user("ada");
  assert.equal((await user.message("mail", { n: 1 })).delivered, 1);
  const result = await user.message("mail", { n: 2 }, { ledger: true });
  assert.equal(result.delivered, 2);
  assert.deepEqual(result.silentNodes, []);
  for (const events of ada) {
    await until(() => events.length === 2, "both messages arrived");
    assert.deepEqual(events, [1, 2]);
  }
  assert.deepEqual(bob, []);
});

Deno.test("an event that is too large for other servers reaches nobody", async () => {
  await using servers = await Servers.start(2);
  const events = record(await servers.connect(0));
  const text = "x".repeat(600_000);
  for (const options of [{}, { ledger: true }]) {
    await assert.rejects(
      servers.at(0).broadcast("news", { text }, options),
      /RangeError: .*other servers.*524288 bytes/,
    );
  }
  await servers.at(0).broadcast("news", { n: 1 });
  await until(() => events.length === 1, "the last event arrived");
});

Deno.test("a broadcast rejects an unknown option, and one of the wrong type", async () => {
  await using servers = await Servers.start(1);
  const broadcast = (options: object) =>
    servers.at(0).broadcast("news", {}, options);
  await assert.rejects(broadcast({ ledgr: true }), /Did you mean 'ledger'/);
  await assert.rejects(broadcast({ ledger: 1 }), /TypeError.*'ledger'/);
});
