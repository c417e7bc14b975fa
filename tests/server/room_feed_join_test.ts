/** Where a client begins: no later publication is missing, and none comes twice. */

import assert from "node:assert/strict";
import { PublishError } from "../../common/hoist_error.ts";
import { FeedStage } from "../support/room_feed.ts";
import { at, publication } from "../support/scripted_broker.ts";
import { endOfTick } from "../support/timing.ts";

Deno.test("a client that is up to date, or wants nothing, needs no read", async () => {
  await using stage = await FeedStage.at(5);
  for (const wanted of [{ since: at(5) }, { last: 0 }]) {
    const joining = stage.join(wanted);
    await joining.ended;
    assert.deepEqual(joining.start, {
      ...{ publications: [], from: at(5), lost: undefined },
    });
  }
  await stage.expectNoRead();
});

Deno.test("a position without its check is not up to date", async () => {
  await using stage = await FeedStage.at(5);
  const joining = stage.join({ since: "e.5." });
  await stage.answer({ from: 4, to: 5, lost: "epoch" });
  await joining.ended;
  assert.equal(joining.start?.lost, "epoch");
});

Deno.test("a client gets what it missed", async () => {
  await using stage = await FeedStage.at(5);
  const joining = stage.join({ since: at(2) });
  assert.deepEqual(await stage.answer({ from: 3, to: 5 }), { since: at(2) });
  await joining.ended;
  assert.deepEqual(joining.payloads, ["e3", "e4", "e5"]);
  assert.equal(joining.start?.from, at(2));
});

Deno.test("what the feed will pass on is not read twice", async () => {
  await using stage = await FeedStage.at(5);
  const joining = stage.join({ since: at(2) });
  await stage.answer({ from: 3, to: 7 });
  await joining.ended;
  assert.deepEqual(joining.payloads, ["e3", "e4", "e5"]);
  stage.receive(publication(6), publication(7));
  await stage.expect("joined", "e6", "e7");
});

Deno.test("what the feed has passed on meanwhile is added", async () => {
  await using stage = await FeedStage.at(5);
  const joining = stage.join({ since: at(2) });
  const read = await stage.nextRead();
  stage.receive(publication(6), publication(7));
  read.return({ from: 3, to: 5 });
  await joining.ended;
  assert.deepEqual(joining.payloads, ["e3", "e4", "e5", "e6", "e7"]);
  await stage.expect("e6", "e7", "joined");
  await stage.expectNoRead();
});

Deno.test("what came meanwhile belongs to the last publications", async () => {
  await using stage = await FeedStage.at(5);
  const joining = stage.join({ last: 2 });
  const read = await stage.nextRead();
  stage.receive(publication(6));
  read.return({ from: 4, to: 5 });
  await joining.ended;
  assert.deepEqual(joining.payloads, ["e5", "e6"]);
  assert.equal(joining.start?.from, at(4));
});

Deno.test("nothing is added across a gap", async () => {
  await using stage = await FeedStage.at(5);
  const joining = stage.join({ since: at(2) });
  const first = await stage.nextRead();
  stage.receive(publication(6), publication(9));
  await stage.answer({ from: 9, to: 9, lost: "expired" });
  await stage.expect("e6", "gap expired", "e9");
  first.return({ from: 3, to: 5 });
  // The feed looks whether it has missed something, and the client asks again.
  await stage.answer({ from: 10, to: 9 });
  await stage.answer({ from: 9, to: 9, lost: "expired" });
  await joining.ended;
  assert.deepEqual(joining.payloads, ["e9"]);
  assert.equal(joining.start?.lost, "expired");
});

Deno.test("a feed that is behind catches up before a client joins", async () => {
  await using stage = await FeedStage.at(5);
  const joining = stage.join({ since: at(2) });
  // The limits of the read left out what the feed lacks, too.
  await stage.answer({ from: 8, to: 9, lost: "limit" });
  await stage.answer({ from: 6, to: 9 });
  await stage.answer({ from: 8, to: 9, lost: "limit" });
  await joining.ended;
  await stage.expect("e6", "e7", "e8", "e9", "joined");
  assert.deepEqual(joining.payloads, ["e8", "e9"]);
});

Deno.test("a client joins only in the epoch of the feed", async () => {
  await using stage = await FeedStage.at(5);
  const joining = stage.join({ since: at(5, "f") });
  await stage.answer({ epoch: "f", from: 6, to: 6 });
  await stage.answer({ epoch: "f", from: 5, to: 6, lost: "epoch" });
  await stage.answer({ epoch: "f", from: 6, to: 6 });
  await joining.ended;
  await stage.expect("gap epoch", "f5", "f6", "joined");
  assert.deepEqual(joining.payloads, ["f6"]);
});

Deno.test("a client waits while the broker is behind, and is then refused", async () => {
  await using stage = await FeedStage.at(5);
  const joining = stage.join({ since: at(2) });
  let isOver = false;
  void joining.ended.then(() => isOver = true);
  let reads = 0;
  for (; !isOver; reads++) {
    await endOfTick();
    const read = stage.broker.reads.shift();
    const isOfFeed = read !== undefined && "since" in read.wanted &&
      read.wanted.since === at(5);
    // One replica has everything, and the other one is behind.
    if (isOfFeed) read.return({ from: 6, to: 5 });
    else read?.return({ from: 3, to: 4 });
    stage.clock.pass(100);
    await endOfTick();
  }
  assert(joining.error instanceof PublishError);
  assert.equal(joining.error.outcome, "none");
  assert(reads < 50, `${reads}`);
  await stage.expect();
});

Deno.test("clients that join do not make the feed hurry", async () => {
  await using stage = await FeedStage.at(5);
  void stage.feed.sync();
  await stage.answer({ from: 1, to: 4, lost: "epoch" });
  // A broker that is behind for a moment must not look like one that was restored.
  const joinings = Array.from(
    { length: 8 },
    () => stage.join({ since: at(2) }),
  );
  await endOfTick();
  for (const _ of joinings) await stage.answer({ from: 3, to: 4 });
  await stage.expectNoRead();
  await stage.expect();
  stage.clock.pass(100);
  await stage.answer({ from: 6, to: 5 });
  for (const _ of joinings) await stage.answer({ from: 3, to: 5 });
  for (const each of joinings) {
    await each.ended;
    assert.deepEqual(each.payloads, ["e3", "e4", "e5"]);
  }
});

Deno.test("a client that joins after a failure gets what the feed then has", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive(publication(7));
  (await stage.nextRead()).fail(new Error("down"));
  await stage.expect("failure");
  const joining = stage.join({ last: 0 });
  await joining.ended;
  assert.equal(joining.start?.from, at(5));
  stage.clock.pass(100);
  await stage.answer({ from: 6, to: 7 });
  await stage.expect("joined", "e6", "e7");
});

Deno.test("a client gets the error of a read", async () => {
  await using stage = await FeedStage.at(5);
  const joining = stage.join({ since: at(2) });
  const error = new Error("down");
  (await stage.nextRead()).fail(error);
  await joining.ended;
  assert.equal(joining.error, error);
});

Deno.test("a room without history has nothing after a position", async () => {
  await using stage = new FeedStage({ hasHistory: false });
  const joining = stage.join({ since: at(2) });
  await joining.ended;
  assert.deepEqual(joining.start, {
    ...{ publications: [], from: null, lost: "expired" },
  });
  const starting = stage.join({ last: 3 });
  await starting.ended;
  assert.equal(starting.start?.lost, undefined);
});
