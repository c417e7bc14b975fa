/** The leases of nodes, without a clock and without an engine. */

import assert from "node:assert/strict";
import { LEASE } from "../../broker/cluster.ts";
import {
  encodeNodeMessage,
  parseNodeMessage,
} from "../../broker/node_message.ts";
import { NodeTable } from "../../broker/node_table.ts";
import { TimeoutError } from "../../common/errors.ts";
import { NoNodeError } from "../../common/hoist_error.ts";
import { PendingAnswers } from "../../broker/pending_answers.ts";

const INTERVAL = 750;

/** A table that was renewed in each interval so far. */
function createTable(): NodeTable {
  const table = new NodeTable("self", INTERVAL);
  table.expire(0);
  return table;
}

Deno.test("a node is gone when its lease has ended", () => {
  const table = createTable();
  table.renew("a", 2_000, 0);
  table.renew("b", 2_000, 0);
  table.renew("self", 2_000, 0);
  assert.deepEqual(table.nodes, new Set(["a", "b"]));
  assert.deepEqual(table.expire(750), []);
  table.renew("b", 2_000, 1_500);
  assert.deepEqual(table.expire(1_500), []);
  assert.deepEqual(table.expire(2_000), ["a"]);
  assert.deepEqual(table.nodes, new Set(["b"]));
  assert(!table.has("a") && table.has("b"));
});

Deno.test("the number of remembered nodes has a limit", () => {
  const table = createTable();
  for (let n = 0; n < 10_000; n++) table.end(`node${n}`, 0);
  table.end("more", 0);
  for (const node of ["node0", "more"]) table.renew(node, 2_000, 0);
  assert.deepEqual(table.nodes, new Set(["more"]));
});

Deno.test("each node has the time of a lease after the engine was down", () => {
  const table = createTable();
  table.renew("a", 2_000, 0);
  const later = 60_000;
  assert.deepEqual(table.expire(later), []);
  assert(!table.isSettled(later + LEASE - 1));
  assert(table.isSettled(later + LEASE));
  assert.deepEqual(table.expire(later + INTERVAL), []);
  for (let now = later; now < later + LEASE; now += INTERVAL) {
    assert.deepEqual(table.expire(now), []);
  }
  assert.deepEqual(table.expire(later + LEASE), ["a"]);
});

Deno.test("a lease is never longer than the clocks allow", () => {
  const table = createTable();
  table.renew("a", 1e15, 0);
  for (let now = 0; now < LEASE; now += INTERVAL) table.expire(now);
  assert.deepEqual(table.expire(LEASE), ["a"]);
});

Deno.test("a node that gave its lease back is not brought back by an older answer", () => {
  const table = createTable();
  table.renew("a", 2_000, 0);
  table.end("a", 100);
  table.renew("a", 2_000, 200);
  assert.equal(table.nodes.size, 0);
});

Deno.test("a table has at most 10,000 nodes", () => {
  const table = createTable();
  for (let n = 0; n < 10_001; n++) table.renew(`node-${n}`, 2_000, 0);
  assert.equal(table.nodes.size, 10_000);
});

Deno.test("messages between nodes survive the engine", () => {
  for (const payload of ["", " ", "a b\r\n\0", "tell x 1 y", "ü😀"]) {
    const message = { kind: "ask", from: "a-_1", id: 42, payload } as const;
    assert.deepEqual(parseNodeMessage(encodeNodeMessage(message)), message);
  }
});

for (
  const text of [
    ...["", "tell", "tell a", "tell a 1", "tell a x y", "shout a 1 x"],
    ...["tell a:b 1 x", `tell ${"a".repeat(41)} 1 x`, " tell a 1 x"],
    ...["tell a -1 x", `tell a 1 ${"x".repeat(600_000)}`],
  ]
) {
  Deno.test(`${JSON.stringify(text.slice(0, 20))} is no message of a node`, () => {
    assert.equal(parseNodeMessage(text), undefined);
  });
}

Deno.test("a survey waits for its nodes only", async () => {
  const pending = new PendingAnswers();
  const asking = pending.survey(60_000, (id) => {
    pending.receive(id, "early", "1");
    return Promise.resolve(["early", "a", "b"]);
  });
  // The question is sent now.
  await Promise.resolve();
  pending.receive(1, "stranger", "2");
  pending.receive(1, "a", "3");
  pending.receive(1, "a", "again");
  pending.receive(99, "b", "another question");
  await new Promise((resolve) => setTimeout(resolve));
  pending.end("b");
  const { answers, silent } = await asking;
  assert.deepEqual(
    [...answers],
    [["early", "1"], ["stranger", "2"], ["a", "3"]],
  );
  assert.deepEqual(silent, ["b"]);
});

Deno.test("a survey names the nodes that have not answered in time", async () => {
  const pending = new PendingAnswers();
  const send = () => Promise.resolve(["a"]);
  const { answers, silent } = await pending.survey(1, send);
  assert.equal(answers.size, 0);
  assert.deepEqual(silent, ["a"]);
});

Deno.test("asking a node that ends or stays silent fails", async () => {
  const pending = new PendingAnswers();
  const sent = () => Promise.resolve();
  await assert.rejects(pending.ask("a", 1, sent), TimeoutError);
  const asking = pending.ask("a", 60_000, sent);
  setTimeout(() => pending.end("a"));
  await assert.rejects(asking, NoNodeError);
});

Deno.test("all questions end with an error", async () => {
  const pending = new PendingAnswers();
  const sent = () => Promise.resolve();
  const asking = [
    pending.ask("a", 60_000, sent),
    pending.ask("b", 60_000, sent),
  ];
  pending.fail(new Error("down"));
  for (const each of asking) await assert.rejects(each, /down/);
});
