import assert from "node:assert/strict";
import { BatchWriter } from "../../protocol/batch.ts";
import { endOfTick } from "../support/timing.ts";

/** An outbox with what it has sent; `limit` is how much a batch may hold, if any. */
function makeOutbox(limit?: number) {
  const sent: string[] = [];
  const outbox = new BatchWriter({ write: (frame) => void sent.push(frame) });
  if (limit !== undefined) outbox.join(limit);
  return { outbox, sent };
}

function push(outbox: BatchWriter, ...frames: readonly string[]): void {
  for (const frame of frames) outbox.push(frame);
}

Deno.test("BatchWriter sends each frame at once before the peer takes batches", async () => {
  const { outbox, sent } = makeOutbox();
  outbox.push("1");
  assert.deepEqual(sent, ["1"]);
  outbox.push("2");
  outbox.flush();
  assert.deepEqual(sent, ["1", "2"]);
  await endOfTick();
  assert.deepEqual(sent, ["1", "2"]);
});

Deno.test("BatchWriter sends a lone frame without an array, at the end of the tick", async () => {
  const { outbox, sent } = makeOutbox(1_024);
  outbox.push("1");
  assert.deepEqual(sent, []);
  await endOfTick();
  assert.deepEqual(sent, ["1"]);
});

Deno.test("BatchWriter sends the frames of one tick as one, in their order", async () => {
  const { outbox, sent } = makeOutbox(1_024);
  push(outbox, "3", "1", "2");
  assert.deepEqual(sent, []);
  await endOfTick();
  assert.deepEqual(sent, ["[3,1,2]"]);
});

Deno.test("BatchWriter does not join what is said in different ticks", async () => {
  const { outbox, sent } = makeOutbox(1_024);
  for (const frames of [["1", "2"], ["3"], ["4", "5"]]) {
    push(outbox, ...frames);
    await endOfTick();
  }
  assert.deepEqual(sent, ["[1,2]", "3", "[4,5]"]);
});

Deno.test("BatchWriter keeps to the limit that the peer was promised", async () => {
  const { outbox, sent } = makeOutbox(9);
  push(outbox, "111", "222", "333", "4444444444", "5", "666");
  await endOfTick();
  assert.deepEqual(sent, ["[111,222]", "333", "4444444444", "[5,666]"]);
});

Deno.test("BatchWriter tells whether the peer takes batches", () => {
  const { outbox } = makeOutbox();
  assert.equal(outbox.joins, false);
  outbox.join(1_024);
  assert.equal(outbox.joins, true);
});

Deno.test("BatchWriter takes what was said before join() for gone", async () => {
  const { outbox, sent } = makeOutbox();
  push(outbox, "1", "2");
  outbox.join(1_024);
  push(outbox, "3", "4");
  assert.deepEqual(sent, ["1", "2"]);
  await endOfTick();
  assert.deepEqual(sent, ["1", "2", "[3,4]"]);
});

Deno.test("BatchWriter.flush() sends what waits, and each frame once", async () => {
  const { outbox, sent } = makeOutbox(1_024);
  outbox.flush();
  push(outbox, "1", "2");
  outbox.flush();
  outbox.flush();
  assert.deepEqual(sent, ["[1,2]"]);
  await endOfTick();
  assert.deepEqual(sent, ["[1,2]"]);
});

Deno.test("BatchWriter goes on in the same tick after a flush", async () => {
  const { outbox, sent } = makeOutbox(1_024);
  outbox.push("1");
  outbox.flush();
  push(outbox, "2", "3");
  assert.deepEqual(sent, ["1"]);
  await endOfTick();
  assert.deepEqual(sent, ["1", "[2,3]"]);
});

Deno.test("BatchWriter sends every frame of a tick with many flushes, in order", async () => {
  const { outbox, sent } = makeOutbox(1_024);
  for (let n = 1; n <= 100; n++) {
    outbox.push(String(n));
    if (n % 7 === 0) outbox.flush();
  }
  await endOfTick();
  const numbers = sent.flatMap((frame) => JSON.parse(frame));
  assert.deepEqual(numbers, Array.from({ length: 100 }, (_, n) => n + 1));
  assert.deepEqual(sent.at(-1), "[99,100]");
});

Deno.test("BatchWriter joins what was to be said by microtasks already", async () => {
  const { outbox, sent } = makeOutbox(1_024);
  const ready = Promise.resolve();
  const said = ["2", "3", "4"].map((frame) =>
    ready.then(() => outbox.push(frame))
  );
  outbox.push("1");
  await Promise.all(said);
  await endOfTick();
  assert.deepEqual(sent, ["[1,2,3,4]"]);
});

Deno.test("BatchWriter joins what a burst makes further microtasks say", async () => {
  const { outbox, sent } = makeOutbox(1_024);
  const say = (n: number) => {
    outbox.push(String(n));
    if (n < 20) queueMicrotask(() => say(n + 1));
  };
  push(outbox, "0", "0");
  queueMicrotask(() => say(1));
  await endOfTick();
  const numbers = Array.from({ length: 21 }, (_, n) => n);
  assert.deepEqual(sent, [`[0,${numbers}]`]);
});

Deno.test("BatchWriter joins what the answers of many promises say, as of a batch of requests", async () => {
  const { outbox, sent } = makeOutbox(1_024);
  const answer = async (n: number) => {
    await null;
    outbox.push(String(n));
  };
  await Promise.all([1, 2, 3, 4, 5].map(answer));
  await endOfTick();
  assert.deepEqual(sent, ["[1,2,3,4,5]"]);
});

Deno.test("BatchWriter loses nothing that is said while it sends", async () => {
  for (const flushes of [false, true]) {
    const sent: string[] = [];
    const outbox: BatchWriter = new BatchWriter({
      write(frame) {
        sent.push(frame);
        if (sent.length > 3) return;
        push(outbox, "8", "9");
        if (flushes) outbox.flush();
      },
    });
    outbox.join(1_024);
    push(outbox, "1", "2");
    await endOfTick();
    assert.deepEqual(sent, ["[1,2]", "[8,9]", "[8,9]", "[8,9]"]);
  }
});

Deno.test("outboxes have nothing to do with each other", async () => {
  const one = makeOutbox(1_024);
  const two = makeOutbox(1_024);
  push(one.outbox, "1", "2");
  push(two.outbox, "3", "4");
  one.outbox.flush();
  assert.deepEqual([one.sent, two.sent], [["[1,2]"], []]);
  await endOfTick();
  assert.deepEqual([one.sent, two.sent], [["[1,2]"], ["[3,4]"]]);
});
