import assert from "node:assert/strict";
import { endOfTick, gate } from "../support/timing.ts";
import {
  Counter,
  limitFor,
  ManualHandler,
  numbers,
  Stage,
} from "../support/fake_stream.ts";

/** Returns strings that have these lengths as JSON. */
function ofLengths(...lengths: readonly number[]): string[] {
  return lengths.map((length, n) => String(n).repeat(length - 2));
}

/** Yields values. */
async function* generate(values: readonly unknown[]) {
  yield* values;
}

Deno.test("StreamSender sends the items of one turn in one frame", async () => {
  const stage = new Stage(256);
  await stage.run(new Counter().upTo(5));
  assert.deepEqual(stage.output.sent, [numbers(5)]);
  assert.deepEqual(stage.outcomes, ["done"]);
  await stage.finish();
  assert.deepEqual(stage.output.sent, [numbers(5)]);
});

Deno.test("StreamSender without items sends nothing", async () => {
  const stage = new Stage(1);
  await stage.run(new Counter().upTo(0));
  assert.deepEqual([stage.output.sent, stage.outcomes], [[], ["done"]]);
});

Deno.test("StreamSender sends the items at the end of a turn, although the handler waits", async () => {
  const { opened, open } = gate();
  const stage = new Stage(256);
  await stage.run((async function* () {
    yield* [0, 1];
    await opened;
    yield* [2, 3];
  })());
  assert.deepEqual([stage.output.sent, stage.output.due], [[], 1]);
  await stage.finish();
  assert.deepEqual(stage.output.sent, [["0", "1"]]);
  assert.deepEqual(stage.outcomes, []);
  open();
  await endOfTick();
  assert.deepEqual(stage.output.sent, [["0", "1"], ["2", "3"]]);
  assert.deepEqual(stage.outcomes, ["done"]);
  await stage.finish();
  assert.deepEqual(stage.output.items, numbers(4));
});

Deno.test("StreamSender schedules a turn whenever the handler waits", async () => {
  const gates = [gate(), gate(), gate()];
  const stage = new Stage(256);
  await stage.run((async function* () {
    for (const [n, { opened }] of gates.entries()) {
      yield n;
      await opened;
    }
  })());
  for (const [n, { open }] of gates.entries()) {
    assert.equal(stage.output.due, 1);
    await stage.finish();
    assert.deepEqual(stage.output.items, numbers(n + 1));
    open();
    await endOfTick();
  }
  assert.equal(stage.output.sent.length, 3);
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("StreamSender requests no more items than the client wants", async () => {
  for (const credit of [1, 2, 5, 63, 64, 65, 200]) {
    const stage = new Stage(credit);
    const counter = new Counter();
    await stage.run(counter.upTo(Infinity));
    await stage.finish();
    assert.equal(counter.requested, credit);
    assert.deepEqual(stage.output.items, numbers(credit));
    assert.deepEqual([stage.outcomes, counter.hasEnded], [[], false]);
    await stage.stop();
  }
});

Deno.test("StreamSender adds up the credit that the client grants", async () => {
  const stage = new Stage(2);
  const counter = new Counter();
  stage.sender.grant(1);
  await stage.run(counter.upTo(8));
  assert.deepEqual(stage.output.sent, [numbers(3)]);
  for (const credit of [1, 2]) stage.sender.grant(credit);
  await endOfTick();
  assert.deepEqual(stage.output.items, numbers(6));
  assert.equal(counter.requested, 6);
  // More items than the handler yields.
  stage.sender.grant(100);
  await endOfTick();
  assert.deepEqual(stage.output.items, numbers(8));
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("StreamSender notices the end of the handler only with the next credit", async () => {
  const stage = new Stage(3);
  await stage.run(new Counter().upTo(3));
  assert.deepEqual([stage.output.items, stage.outcomes], [numbers(3), []]);
  stage.sender.grant(1);
  await endOfTick();
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("StreamSender accepts credit beyond the largest safe integer", async () => {
  const stage = new Stage(Number.MAX_SAFE_INTEGER);
  const counter = new Counter();
  stage.sender.grant(Number.MAX_SAFE_INTEGER);
  await stage.run(counter.upTo(5));
  assert.deepEqual(stage.output.items, numbers(5));
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("StreamSender requests 64 items per turn from a handler that never waits", async () => {
  const stage = new Stage(1_000);
  const counter = new Counter();
  await stage.run(counter.upTo(200));
  for (const turn of [1, 2, 3]) {
    assert.equal(counter.requested, 64 * turn);
    assert.equal(stage.output.sent.length, turn);
    assert.deepEqual(stage.outcomes, []);
    await stage.output.turn();
  }
  assert.deepEqual(stage.output.sent.map(({ length }) => length), [
    64,
    64,
    64,
    8,
  ]);
  assert.deepEqual(stage.output.items, numbers(200));
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("StreamSender requests no more items per turn than fit into a frame", async () => {
  const stage = new Stage(1_000, limitFor(10));
  const counter = new Counter();
  await stage.run(counter.upTo(25));
  assert.deepEqual([counter.requested, stage.output.items], [10, numbers(10)]);
  await stage.output.turn();
  assert.deepEqual(stage.output.items, numbers(15));
  await stage.finish();
  assert.deepEqual(stage.output.items, numbers(25));
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
  Deno.test(`StreamSender sends items of ${lengths.join(", ")} units in frames of ${frames.join(", ")}`, async () => {
    const stage = new Stage(1_000, limitFor(10));
    const values = ofLengths(...lengths);
    await stage.run(generate(values));
    await stage.finish();
    assert.deepEqual(stage.output.sent.map(({ length }) => length), frames);
    assert.deepEqual(stage.output.items, values.map((text) => `"${text}"`));
    assert.deepEqual(stage.outcomes, ["done"]);
  });
}

Deno.test("StreamSender waits for capacity, and sends each item once", async () => {
  const stage = new Stage(1_000);
  stage.output.capacity = 0;
  const counter = new Counter();
  await stage.run(counter.upTo(200));
  await stage.finish();
  const { requested } = counter;
  assert(requested <= 64, `${requested} items are waiting`);
  assert.deepEqual([stage.output.sent, stage.outcomes], [[], []]);
  await stage.output.drain(0);
  await stage.finish();
  assert.equal(counter.requested, requested);
  for (let sent = 1; sent <= 4; sent++) {
    await stage.output.drain(1);
    await stage.finish();
    assert.equal(stage.output.sent.length, sent);
    assert.deepEqual(stage.output.items, numbers(stage.output.items.length));
  }
  assert.deepEqual(stage.output.items, numbers(200));
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("StreamSender requests nothing without any capacity", async () => {
  const stage = new Stage(1_000);
  const counter = new Counter();
  stage.output.isFull = true;
  await stage.run(counter.upTo(200));
  await stage.finish();
  assert.equal(counter.requested, 0);
  stage.output.isFull = false;
  await stage.output.drain(1);
  assert.deepEqual([counter.requested, stage.output.items], [64, numbers(64)]);
  stage.output.isFull = true;
  await stage.finish();
  await stage.output.drain(0);
  assert.equal(counter.requested, 64);
  stage.output.isFull = false;
  await stage.output.drain(Infinity);
  await stage.finish();
  assert.deepEqual(stage.output.items, numbers(200));
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("StreamSender requests nothing if it is stopped while it waits for capacity", async () => {
  const stage = new Stage(1_000);
  const handler = new ManualHandler();
  stage.output.isFull = true;
  await stage.run(handler);
  await stage.stop();
  assert.deepEqual([handler.requested, stage.outcomes], [0, ["done"]]);
  // It does not block other streams.
  stage.output.isFull = false;
  assert(stage.output.backpressure.isWritable(0));
});

Deno.test("StreamSender waits for capacity for the last items before it ends", async () => {
  const stage = new Stage(1_000);
  stage.output.capacity = 0;
  const counter = new Counter();
  await stage.run(counter.upTo(3));
  await stage.finish();
  assert.deepEqual([counter.requested, counter.hasEnded], [3, true]);
  assert.deepEqual([stage.output.sent, stage.outcomes], [[], []]);
  await stage.output.drain(Infinity);
  assert.deepEqual(stage.output.sent, [numbers(3)]);
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("StreamSender accepts credit while it waits for capacity", async () => {
  const stage = new Stage(2);
  stage.output.capacity = 0;
  const counter = new Counter();
  await stage.run(counter.upTo(Infinity));
  await stage.finish();
  assert.equal(counter.requested, 2);
  stage.sender.grant(3);
  await endOfTick();
  await stage.output.drain(Infinity);
  await stage.finish();
  assert.deepEqual(stage.output.items, numbers(5));
  await stage.stop();
});

Deno.test("StreamSender joins the items that arrive without capacity, as far as they fit", async () => {
  const gates = [gate(), gate(), gate()];
  const stage = new Stage(256, limitFor(2));
  stage.output.capacity = 0;
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
  assert(stage.output.rejected > 0);
  for (const _ of [1, 2]) {
    await stage.output.drain(1);
    await stage.finish();
  }
  assert.deepEqual(stage.output.sent, [["0", "1"], ["2"]]);
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("StreamSenders are independent of each other", async () => {
  const [one, two] = [new Stage(1), new Stage(2)];
  await one.run(new Counter().upTo(Infinity));
  await two.run(new Counter().upTo(Infinity));
  await one.stop();
  two.sender.grant(1);
  await endOfTick();
  assert.deepEqual([one.output.items, two.output.items], [
    numbers(1),
    numbers(3),
  ]);
  assert.deepEqual([one.outcomes, two.outcomes], [["done"], []]);
  await two.stop();
});

Deno.test("StreamSender expects credit for the items that it has sent, and for no more", async () => {
  const stage = new Stage(5);
  assert(!stage.sender.expects(1));
  await stage.run(new Counter().upTo(Infinity));
  await stage.finish();
  assert(stage.sender.expects(5) && !stage.sender.expects(6));
  stage.sender.grant(3);
  await endOfTick();
  await stage.finish();
  assert.equal(stage.output.items.length, 8);
  assert(stage.sender.expects(5) && !stage.sender.expects(6));
  // Credit beyond that is not expected again.
  stage.sender.grant(1_000);
  await endOfTick();
  await stage.finish();
  assert.equal(stage.output.items.length, 1_008);
  assert(stage.sender.expects(1_000) && !stage.sender.expects(1_001));
  assert(stage.sender.expects(0));
  await stage.stop();
  assert(!stage.sender.expects(0));
});
