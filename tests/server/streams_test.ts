import assert from "node:assert/strict";
import { endOfTick, gate } from "../support/timing.ts";
import { ByHand, Counter, Stage, texts } from "../support/fake_sink.ts";

/** Texts of such lengths, as JSON has them. */
function ofLengths(...lengths: readonly number[]): string[] {
  return lengths.map((length, n) => String(n).repeat(length - 2));
}

/** Yields values. */
async function* generate(values: readonly unknown[]) {
  yield* values;
}

Deno.test("a pump sends the items of one turn together, in their order", async () => {
  const stage = new Stage(256);
  await stage.run(new Counter().upTo(5));
  assert.deepEqual(stage.sink.sent, [texts(5)]);
  assert.deepEqual(stage.outcomes, ["done"]);
  await stage.finish();
  assert.deepEqual(stage.sink.sent, [texts(5)]);
});

Deno.test("a pump without an item sends nothing and is done", async () => {
  const stage = new Stage(1);
  await stage.run(new Counter().upTo(0));
  assert.deepEqual([stage.sink.sent, stage.outcomes], [[], ["done"]]);
});

Deno.test("a pump sends what is there when the turn is over, though the handler waits", async () => {
  const { opened, open } = gate();
  const stage = new Stage(256);
  await stage.run((async function* () {
    yield* [0, 1];
    await opened;
    yield* [2, 3];
  })());
  assert.deepEqual([stage.sink.sent, stage.sink.due], [[], 1]);
  await stage.finish();
  assert.deepEqual(stage.sink.sent, [["0", "1"]]);
  assert.deepEqual(stage.outcomes, []);
  open();
  await endOfTick();
  assert.deepEqual(stage.sink.sent, [["0", "1"], ["2", "3"]]);
  assert.deepEqual(stage.outcomes, ["done"]);
  await stage.finish();
  assert.deepEqual(stage.sink.items, texts(4));
});

Deno.test("a pump makes a new turn due for each time that the handler waits", async () => {
  const gates = [gate(), gate(), gate()];
  const stage = new Stage(256);
  await stage.run((async function* () {
    for (const [n, { opened }] of gates.entries()) {
      yield n;
      await opened;
    }
  })());
  for (const [n, { open }] of gates.entries()) {
    assert.equal(stage.sink.due, 1);
    await stage.finish();
    assert.deepEqual(stage.sink.items, texts(n + 1));
    open();
    await endOfTick();
  }
  assert.equal(stage.sink.sent.length, 3);
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("a pump asks for no more items than the client wants", async () => {
  for (const credit of [1, 2, 5, 63, 64, 65, 200]) {
    const stage = new Stage(credit);
    const counter = new Counter();
    await stage.run(counter.upTo(Infinity));
    await stage.finish();
    assert.equal(counter.asked, credit);
    assert.deepEqual(stage.sink.items, texts(credit));
    assert.deepEqual([stage.outcomes, counter.hasEnded], [[], false]);
    await stage.stop();
  }
});

Deno.test("a pump goes on when the client wants more, and what it wants adds up", async () => {
  const stage = new Stage(2);
  const counter = new Counter();
  stage.pump.grant(1);
  await stage.run(counter.upTo(8));
  assert.deepEqual(stage.sink.sent, [texts(3)]);
  for (const credit of [1, 2]) stage.pump.grant(credit);
  await endOfTick();
  assert.deepEqual(stage.sink.items, texts(6));
  assert.equal(counter.asked, 6);
  // More than there are.
  stage.pump.grant(100);
  await endOfTick();
  assert.deepEqual(stage.sink.items, texts(8));
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("a pump does not know that the handler is done before it wants another item", async () => {
  const stage = new Stage(3);
  await stage.run(new Counter().upTo(3));
  assert.deepEqual([stage.sink.items, stage.outcomes], [texts(3), []]);
  stage.pump.grant(1);
  await endOfTick();
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("a pump takes as much credit as there are whole numbers, and more", async () => {
  const stage = new Stage(Number.MAX_SAFE_INTEGER);
  const counter = new Counter();
  stage.pump.grant(Number.MAX_SAFE_INTEGER);
  await stage.run(counter.upTo(5));
  assert.deepEqual(stage.sink.items, texts(5));
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("a pump asks a handler that never waits for 64 items in a turn, and no more", async () => {
  const stage = new Stage(1_000);
  const counter = new Counter();
  await stage.run(counter.upTo(200));
  for (const turn of [1, 2, 3]) {
    assert.equal(counter.asked, 64 * turn);
    assert.equal(stage.sink.sent.length, turn);
    assert.deepEqual(stage.outcomes, []);
    await stage.sink.turn();
  }
  assert.deepEqual(stage.sink.sent.map(({ length }) => length), [
    64,
    64,
    64,
    8,
  ]);
  assert.deepEqual(stage.sink.items, texts(200));
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("a pump asks for no more in a turn than is sent together, however long it is", async () => {
  const stage = new Stage(1_000);
  stage.sink.maxUnits = 10;
  const counter = new Counter();
  await stage.run(counter.upTo(25));
  assert.deepEqual([counter.asked, stage.sink.items], [10, texts(10)]);
  await stage.sink.turn();
  assert.deepEqual(stage.sink.items, texts(15));
  await stage.finish();
  assert.deepEqual(stage.sink.items, texts(25));
});

for (
  const [lengths, frames] of [
    [[4, 4, 4], [2, 1]],
    [[5, 5, 5], [2, 1]],
    [[10, 3, 3], [1, 2]],
    [[3, 10, 3], [1, 1, 1]],
    [[3, 50, 3], [1, 1, 1]],
    [[50, 50], [1, 1]],
    [[9, 3, 9, 3], [1, 1, 1, 1]],
    [[3, 3, 3, 3, 3, 3], [3, 3]],
  ] as const
) {
  Deno.test(`a pump sends items of ${lengths.join(", ")} units in frames of ${frames.join(", ")}`, async () => {
    const stage = new Stage(1_000);
    stage.sink.maxUnits = 10;
    const values = ofLengths(...lengths);
    await stage.run(generate(values));
    await stage.finish();
    assert.deepEqual(stage.sink.sent.map(({ length }) => length), frames);
    assert.deepEqual(stage.sink.items, values.map((text) => `"${text}"`));
    assert.deepEqual(stage.outcomes, ["done"]);
  });
}

Deno.test("a pump waits for room, and neither loses nor doubles anything", async () => {
  const stage = new Stage(1_000);
  stage.sink.space = 0;
  const counter = new Counter();
  await stage.run(counter.upTo(200));
  await stage.finish();
  const { asked } = counter;
  assert(asked <= 64, `${asked} items wait for room`);
  assert.deepEqual([stage.sink.sent, stage.outcomes], [[], []]);
  await stage.sink.look(0);
  await stage.finish();
  assert.equal(counter.asked, asked);
  for (let sent = 1; sent <= 4; sent++) {
    await stage.sink.look(1);
    await stage.finish();
    assert.equal(stage.sink.sent.length, sent);
    assert.deepEqual(stage.sink.items, texts(stage.sink.items.length));
  }
  assert.deepEqual(stage.sink.items, texts(200));
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("a pump asks for nothing as long as there is no room at all", async () => {
  const stage = new Stage(1_000);
  const counter = new Counter();
  stage.sink.isFull = true;
  await stage.run(counter.upTo(200));
  await stage.finish();
  assert.equal(counter.asked, 0);
  stage.sink.isFull = false;
  await stage.sink.look(1);
  assert.deepEqual([counter.asked, stage.sink.items], [64, texts(64)]);
  stage.sink.isFull = true;
  await stage.finish();
  await stage.sink.look(0);
  assert.equal(counter.asked, 64);
  stage.sink.isFull = false;
  await stage.sink.look(Infinity);
  await stage.finish();
  assert.deepEqual(stage.sink.items, texts(200));
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("a pump that is stopped while it waits to ask asks for nothing", async () => {
  const stage = new Stage(1_000);
  const handler = new ByHand();
  stage.sink.isFull = true;
  await stage.run(handler);
  await stage.stop();
  assert.deepEqual([handler.asked, stage.outcomes], [0, ["done"]]);
  // It is in nobody's way any more.
  stage.sink.isFull = false;
  assert(stage.sink.room.isWritable(0));
});

Deno.test("a pump waits for room after the last item before it is done", async () => {
  const stage = new Stage(1_000);
  stage.sink.space = 0;
  const counter = new Counter();
  await stage.run(counter.upTo(3));
  await stage.finish();
  assert.deepEqual([counter.asked, counter.hasEnded], [3, true]);
  assert.deepEqual([stage.sink.sent, stage.outcomes], [[], []]);
  await stage.sink.look(Infinity);
  assert.deepEqual(stage.sink.sent, [texts(3)]);
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("a pump that waits for room hears that the client wants more", async () => {
  const stage = new Stage(2);
  stage.sink.space = 0;
  const counter = new Counter();
  await stage.run(counter.upTo(Infinity));
  await stage.finish();
  assert.equal(counter.asked, 2);
  stage.pump.grant(3);
  await endOfTick();
  await stage.sink.look(Infinity);
  await stage.finish();
  assert.deepEqual(stage.sink.items, texts(5));
  await stage.stop();
});

Deno.test("a pump joins what comes while there is no room, as far as that fits", async () => {
  const gates = [gate(), gate(), gate()];
  const stage = new Stage(256);
  stage.sink.maxUnits = 2;
  stage.sink.space = 0;
  await stage.run((async function* () {
    for (const [n, { opened }] of gates.entries()) {
      yield n;
      await opened;
    }
  })());
  await stage.finish();
  for (const { open } of gates) {
    open();
    await endOfTick();
    await stage.finish();
  }
  assert(stage.sink.refused > 0);
  for (const _ of [1, 2]) {
    await stage.sink.look(1);
    await stage.finish();
  }
  assert.deepEqual(stage.sink.sent, [["0", "1"], ["2"]]);
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("pumps have nothing to do with each other", async () => {
  const [one, two] = [new Stage(1), new Stage(2)];
  await one.run(new Counter().upTo(Infinity));
  await two.run(new Counter().upTo(Infinity));
  await one.stop();
  two.pump.grant(1);
  await endOfTick();
  assert.deepEqual([one.sink.items, two.sink.items], [texts(1), texts(3)]);
  assert.deepEqual([one.outcomes, two.outcomes], [["done"], []]);
  await two.stop();
});

Deno.test("credit is due for as many items as were sent, and for no more", async () => {
  const stage = new Stage(5);
  assert(!stage.pump.isDue(1));
  await stage.run(new Counter().upTo(Infinity));
  await stage.finish();
  assert(stage.pump.isDue(5) && !stage.pump.isDue(6));
  stage.pump.grant(3);
  await endOfTick();
  await stage.finish();
  assert.equal(stage.sink.items.length, 8);
  assert(stage.pump.isDue(5) && !stage.pump.isDue(6));
  // What was granted beyond that is not owed for ever.
  stage.pump.grant(1_000);
  await endOfTick();
  await stage.finish();
  assert.equal(stage.sink.items.length, 1_008);
  assert(stage.pump.isDue(1_000) && !stage.pump.isDue(1_001));
  assert(stage.pump.isDue(0));
  await stage.stop();
  assert(!stage.pump.isDue(0));
});
