/** The ledger of the chaos test: it must see every kind of fault. */

import assert from "node:assert/strict";
import { Ledger } from "./ledger.ts";

/** Publishes consecutive messages of an author, all acknowledged. */
function publish(ledger: Ledger, author: string, count: number): void {
  for (let n = 1; n <= count; n++) {
    ledger.send(author, n);
    ledger.acknowledge(author, n);
  }
}

/** Counts what a reader finds that receives messages of `ada`; a string is a gap. */
function read(...events: readonly (number | string)[]) {
  const ledger = new Ledger();
  publish(ledger, "ada", 5);
  const reader = ledger.addReader();
  for (const [index, event] of events.entries()) {
    if (event === "rejoin") reader.rejoin();
    else if (typeof event === "string") reader.gap(event);
    else reader.take("ada", event, `e.${index + 1}.check`);
  }
  return ledger.count();
}

Deno.test("a reader with everything has no fault", () => {
  const { delivery, ...counts } = read(1, 2, 3, 4, 5);
  assert.deepEqual(counts, {
    ...{ acknowledged: 5, silent: 0, flagged: 0, gaps: 0, reasons: {} },
    ...{ duplicates: 0, repeated: 0, reorders: 0 },
    ...{ rejoins: 0, recovered: 0, unknown: 0 },
  });
  assert(delivery.max !== undefined && delivery.max >= 0);
});

Deno.test("messages that are missing without a gap are silent losses", () => {
  assert.equal(read(2, 3, 4, 5).silent, 1, "the first one");
  assert.equal(read(1, 4, 5).silent, 2, "in the middle");
  assert.equal(read(1, 2, 3).silent, 2, "at the end");
  assert.equal(read().silent, 5, "all");
});

Deno.test("messages that are missing at a gap are flagged", () => {
  const cases = [
    read("expired", 2, 3, 4, 5),
    read(1, 2, "epoch", 4, 5),
    read(1, 2, 3, 4, "broker"),
  ];
  for (const { silent, flagged, gaps } of cases) {
    assert.deepEqual([silent, flagged, gaps], [0, 1, 1]);
  }
});

Deno.test("counts the reasons of gaps", () => {
  const { reasons } = read("epoch", 1, "expired", 3, "epoch");
  assert.deepEqual(reasons, { epoch: 2, expired: 1 });
});

Deno.test("a gap excuses only what is missing there", () => {
  const { silent, flagged } = read(1, 3, "expired", 5);
  assert.deepEqual([silent, flagged], [1, 1]);
});

Deno.test("counts each reader and each author", () => {
  const ledger = new Ledger();
  publish(ledger, "ada", 2);
  publish(ledger, "bob", 1);
  const [one, other] = [ledger.addReader(), ledger.addReader()];
  one.take("ada", 1, null);
  one.take("bob", 1, null);
  one.take("ada", 2, null);
  other.gap("epoch");
  other.take("ada", 2, null);
  assert.equal(ledger.acknowledged, 3);
  const { acknowledged, silent, flagged } = ledger.count();
  assert.deepEqual([acknowledged, silent, flagged], [3, 0, 2]);
});

Deno.test("what was not acknowledged can be missing", () => {
  const ledger = new Ledger();
  ledger.send("ada", 1);
  const reader = ledger.addReader();
  publish(ledger, "bob", 1);
  reader.take("bob", 1, null);
  assert.equal(ledger.count().silent, 0);
});

Deno.test("finds duplicates, and messages again after a new epoch", () => {
  assert.equal(read(1, 2, 2, 3, 4, 5).duplicates, 1);
  assert.equal(read(1, 2, "expired", 2, 3, 4, 5).duplicates, 1);
  const { duplicates, repeated } = read(1, 2, "epoch", 2, 3, 4, 5, 5);
  assert.deepEqual([duplicates, repeated], [1, 1]);
});

Deno.test("finds messages after later ones, unless their author went on without an answer", () => {
  const { reorders, silent } = read(1, 3, 2, 4, 5);
  assert.deepEqual([reorders, silent], [1, 0]);
  const ledger = new Ledger();
  ledger.send("ada", 1);
  ledger.send("ada", 2);
  ledger.acknowledge("ada", 2);
  const reader = ledger.addReader();
  reader.take("ada", 2, "e.1.x");
  reader.take("ada", 1, "e.2.x");
  assert.equal(ledger.count().reorders, 0);
});

Deno.test("finds positions that go back without a gap", () => {
  const ledger = new Ledger();
  for (const author of ["ada", "bob", "eve"]) publish(ledger, author, 1);
  const reader = ledger.addReader();
  reader.take("ada", 1, "e.7.x");
  reader.take("bob", 1, "e.6.x");
  assert.equal(ledger.count().reorders, 1);
  reader.gap("epoch");
  reader.take("eve", 1, "e.2.x");
  assert.equal(ledger.count().reorders, 1);
});

Deno.test("counts reconnects, and those without a gap", () => {
  const { rejoins, recovered } = read(
    ...[1, "rejoin", 2, 3, "expired"],
    ...["rejoin", "epoch", 5, "rejoin"],
  );
  assert.deepEqual([rejoins, recovered], [3, 2]);
});

Deno.test("finds messages that nobody has published", () => {
  assert.equal(read(1, 2, 3, 4, 5, 6).unknown, 1);
});

Deno.test("is settled when each reader has the last message or a gap", () => {
  const ledger = new Ledger();
  publish(ledger, "ada", 2);
  const [one, other] = [ledger.addReader(), ledger.addReader()];
  one.take("ada", 2, null);
  assert(!ledger.isSettled);
  other.take("ada", 1, null);
  assert(!ledger.isSettled);
  other.gap("epoch");
  assert(ledger.isSettled);
});
