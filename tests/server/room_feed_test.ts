/** The publications of a room: in order, once, and with a gap for each loss. */

import assert from "node:assert/strict";
import { FeedStage } from "../support/room_feed.ts";
import { at, publication } from "../support/scripted_broker.ts";
import { endOfTick, gate } from "../support/timing.ts";

Deno.test("a feed passes on what follows, and drops repeats", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive(publication(6), publication(6), publication(5), publication(7));
  stage.receive(publication(6), publication(8));
  await stage.expect("e6", "e7", "e8");
  await stage.expectNoRead();
  assert.equal(stage.feed.at, at(8));
});

Deno.test("a feed subscribes before it reads where the room is", async () => {
  await using stage = new FeedStage();
  await endOfTick();
  assert.deepEqual(stage.broker.calls, ["subscribe a"]);
  stage.receive(publication(4), publication(5), publication(6));
  await stage.expect();
  assert.deepEqual(await stage.answer({ from: 5, to: 4 }), { last: 0 });
  await stage.expect("e5", "e6");
});

Deno.test("a feed waits for the end of the last subscription", async () => {
  const { opened, open } = gate();
  await using stage = new FeedStage({ previous: opened });
  await endOfTick();
  assert.deepEqual(stage.broker.calls, []);
  open();
  await stage.answer({ from: 1, to: 0 });
  assert.deepEqual(stage.broker.calls, ["subscribe a"]);
});

Deno.test("a feed reads what it has missed", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive(publication(8));
  await stage.expect();
  assert.deepEqual(await stage.answer({ from: 6, to: 8 }), { since: at(5) });
  await stage.expect("e6", "e7", "e8");
  stage.receive(publication(9));
  await stage.expect("e9");
});

Deno.test("a feed puts publications into their order", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive(publication(7), publication(6), publication(9), publication(8));
  await stage.answer({ from: 6, to: 7 });
  await stage.answer({ from: 8, to: 9 });
  await stage.expect("e6", "e7", "e8", "e9");
});

Deno.test("a feed keeps what comes while it reads", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive(publication(7));
  const read = await stage.nextRead();
  stage.receive(publication(8), publication(9));
  await stage.expect();
  read.return({ from: 6, to: 8 });
  await stage.expect("e6", "e7", "e8", "e9");
});

Deno.test("a feed reports what the history no longer has", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive(publication(12));
  await stage.answer({ from: 10, to: 12, lost: "expired" });
  await stage.expect("gap expired", "e10", "e11", "e12");
  stage.receive(publication(13));
  await stage.expect("e13");
});

Deno.test("the position at a gap is the one before the next publication", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive(publication(12));
  const positions: (string | null)[] = [];
  stage.passed.push = (...lines) => {
    if (lines[0] === "gap expired") positions.push(stage.feed.at);
    return 0;
  };
  await stage.answer({ from: 10, to: 12, lost: "expired" });
  assert.deepEqual(positions, [at(9)]);
});

Deno.test("a feed follows the history into a new epoch", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive(publication(1, "f"), publication(2, "f"));
  await stage.answer({ epoch: "f", from: 1, to: 2, lost: "epoch" });
  await stage.expect("gap epoch", "f1", "f2");
  await stage.expectNoRead();
});

Deno.test("a feed drops the rest of the last epoch", async () => {
  await using stage = await FeedStage.at(5);
  void stage.feed.sync();
  const read = await stage.nextRead();
  stage.receive(publication(7), publication(1, "f"));
  read.return({ epoch: "f", from: 1, to: 1, lost: "epoch" });
  await stage.expect("gap epoch", "f1");
  // It could have belonged to a newer epoch.
  await stage.answer({ epoch: "f", from: 2, to: 1 });
  await stage.expect();
  await stage.expectNoRead();
});

Deno.test("a feed finds an epoch that begins while it reads", async () => {
  await using stage = await FeedStage.at(5);
  void stage.feed.sync();
  const read = await stage.nextRead();
  void stage.feed.sync();
  stage.receive(publication(1, "f"));
  read.return({ from: 6, to: 5 });
  await stage.answer({ epoch: "f", from: 1, to: 1, lost: "epoch" });
  await stage.expect("gap epoch", "f1");
});

Deno.test("a feed reads again if it was told to while it read", async () => {
  await using stage = await FeedStage.at(5);
  void stage.feed.sync();
  const read = await stage.nextRead();
  void stage.feed.sync();
  read.return({ from: 6, to: 5 });
  // The last publication was lost, and nothing follows it.
  await stage.answer({ from: 6, to: 6 });
  await stage.expect("e6");
  await stage.expectNoRead();
});

Deno.test("a feed notices that an offset was given out twice", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive({ ...publication(5), position: "e.5.Y", payload: "other 5" });
  await stage.answer({ from: 4, to: 6, lost: "epoch" });
  await stage.expect("gap epoch", "e4", "e5", "e6");
});

Deno.test("a feed asks a broker that is behind again, after a pause", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive(publication(7));
  await stage.answer({ from: 6, to: 5 });
  stage.receive(publication(8));
  await stage.expectNoRead();
  stage.clock.pass(100);
  await stage.answer({ from: 6, to: 8 });
  await stage.expect("e6", "e7", "e8");
});

Deno.test("a feed does not go back because a read is behind", async () => {
  await using stage = await FeedStage.at(5);
  void stage.feed.sync();
  await stage.answer({ from: 1, to: 4, lost: "epoch" });
  await stage.expect();
  stage.receive(publication(6));
  await stage.expect("e6");
  stage.clock.pass(100);
  await stage.answer({ from: 7, to: 6 });
  await stage.expect();
});

Deno.test("a feed goes back if the history stays behind", async () => {
  await using stage = await FeedStage.at(5);
  void stage.feed.sync();
  for (let attempt = 0; attempt < 5; attempt++) {
    await stage.answer({ from: 3, to: 4, lost: "epoch" });
    await stage.expect();
    stage.clock.pass(5_000);
  }
  // Going back is a gap, whatever the broker says.
  await stage.answer({ from: 3, to: 4 });
  await stage.expect("gap epoch", "e3", "e4");
  stage.receive(publication(5));
  await stage.expect("e5");
});

Deno.test("a feed gives up what the history does not have", async () => {
  await using stage = await FeedStage.at(5);
  // The broker was restored after it had reported this.
  stage.receive(publication(8), publication(9));
  for (let attempt = 0; attempt < 5; attempt++) {
    await stage.answer({ from: 6, to: 5 });
    await stage.expect();
    stage.clock.pass(5_000);
  }
  const read = await stage.nextRead();
  stage.receive({ ...publication(6), position: "e.6.Y", payload: "other 6" });
  read.return({ from: 6, to: 5 });
  await stage.expect("gap epoch");
  await stage.answer({ from: 6, to: 6 });
  await stage.expect("e6");
  await stage.expectNoRead();
});

Deno.test("a feed tries again after a failure, more and more slowly", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive(publication(7));
  for (const delay of [75, 150, 300]) {
    (await stage.nextRead()).fail(new Error("down"));
    await stage.expect("failure");
    // Publications do not make it hurry.
    stage.receive(publication(8));
    await stage.expectNoRead();
    stage.clock.pass(delay);
  }
  await stage.answer({ from: 6, to: 8 });
  await stage.expect("e6", "e7", "e8");
  // A success ends the series.
  stage.receive(publication(10));
  (await stage.nextRead()).fail(new Error("down"));
  await stage.expect("failure");
  stage.clock.pass(75);
  await stage.answer({ from: 9, to: 10 });
  await stage.expect("e9", "e10");
});

Deno.test("a feed goes on while its broker cannot read", async () => {
  await using stage = await FeedStage.at(5);
  void stage.feed.sync();
  (await stage.nextRead()).fail(new Error("down"));
  await stage.expect("failure");
  stage.receive(publication(6), publication(7));
  await stage.expect("e6", "e7");
  stage.clock.pass(100);
  await stage.answer({ from: 8, to: 7 });
  await stage.expect();
});

for (
  const [what, count, payload] of [
    ["too many publications wait", 1_005, ""],
    ["too long publications wait", 20, "x".repeat(100_000)],
  ] as const
) {
  Deno.test(`a feed reads again if ${what}`, async () => {
    await using stage = await FeedStage.at(0);
    void stage.feed.sync();
    const read = await stage.nextRead();
    for (let n = 1; n <= count; n++) {
      stage.receive({ ...publication(n), payload: `${n}${payload}` });
    }
    read.return({ from: 1, to: 0 });
    await endOfTick();
    const { length } = stage.passed.splice(0);
    assert(length > 0 && length < count, `${length}`);
    const wanted = await stage.answer({ from: length + 1, to: count });
    assert.deepEqual(wanted, { since: at(length) });
    assert.equal(stage.passed.splice(0).length, count - length);
    await stage.expectNoRead();
  });
}

Deno.test("a feed passes on nothing after it was closed", async () => {
  await using stage = await FeedStage.at(5);
  stage.receive(publication(7));
  const read = await stage.nextRead();
  const joining = stage.join({ since: at(3) });
  await stage.feed.close();
  read.return({ from: 6, to: 7 });
  await joining.ended;
  stage.receive(publication(6));
  await stage.expect();
  await stage.expectNoRead();
  assert.equal(joining.start, undefined);
  assert.equal(joining.error, undefined);
  assert.deepEqual(stage.broker.calls, ["subscribe a", "unsubscribe a"]);
});

Deno.test("a feed without history passes on everything", async () => {
  await using stage = new FeedStage({ hasHistory: false });
  await stage.feed.ready;
  const plain = { position: null, previous: null };
  stage.receive({ ...plain, payload: "1" }, { ...plain, payload: "2" });
  await stage.expect("1", "2");
  void stage.feed.sync();
  await stage.expectNoRead();
  assert.equal(stage.feed.at, null);
});

Deno.test("a feed without history reports that too many publications waited", async () => {
  const { opened, open } = gate();
  await using stage = new FeedStage({ hasHistory: false, previous: opened });
  for (let n = 0; n <= 1_000; n++) {
    stage.receive({ position: null, previous: null, payload: String(n) });
  }
  await stage.expect("gap limit");
  open();
  await endOfTick();
  assert.equal(stage.passed.length, 1_000);
});

Deno.test("a feed reports to each client that it could not subscribe", async () => {
  const { opened, open } = gate();
  await using stage = new FeedStage({ previous: opened });
  stage.broker.subscribeError = new Error("down");
  const joinings = [stage.join({ last: 0 }), stage.join({ since: at(1) })];
  // Nothing else reports it.
  void stage.feed.sync();
  open();
  for (const { ended } of joinings) await ended;
  for (const { error } of joinings) {
    assert.equal(error, stage.broker.subscribeError);
  }
});
