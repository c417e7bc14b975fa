/** Tests of `BatchWriter` in `protocol/batch.ts`. */

import assert from "node:assert/strict";
import { BatchWriter } from "../../protocol/batch.ts";
import { endOfTick } from "../support/timing.ts";

/** Makes a writer that records what it sent; `limit` is the size of a batch in bytes. */
function makeWriter(limit?: number) {
  const sent: string[] = [];
  const writer = new BatchWriter({ write: (frame) => void sent.push(frame) });
  if (limit !== undefined) writer.enableBatching(limit);
  return { writer, sent };
}

function push(writer: BatchWriter, ...frames: readonly string[]): void {
  for (const frame of frames) writer.push(frame);
}

Deno.test("BatchWriter sends each frame at once while batching is off", async () => {
  const { writer, sent } = makeWriter();
  writer.push("1");
  assert.deepEqual(sent, ["1"]);
  writer.push("2");
  writer.flush();
  assert.deepEqual(sent, ["1", "2"]);
  await endOfTick();
  assert.deepEqual(sent, ["1", "2"]);
});

Deno.test("BatchWriter sends a single frame without an array at the end of the tick", async () => {
  const { writer, sent } = makeWriter(1_024);
  writer.push("1");
  assert.deepEqual(sent, []);
  await endOfTick();
  assert.deepEqual(sent, ["1"]);
});

Deno.test("BatchWriter sends the frames of one tick as one batch", async () => {
  const { writer, sent } = makeWriter(1_024);
  push(writer, "3", "1", "2");
  assert.deepEqual(sent, []);
  await endOfTick();
  assert.deepEqual(sent, ["[3,1,2]"]);
});

Deno.test("BatchWriter does not join frames of different ticks", async () => {
  const { writer, sent } = makeWriter(1_024);
  for (const frames of [["1", "2"], ["3"], ["4", "5"]]) {
    push(writer, ...frames);
    await endOfTick();
  }
  assert.deepEqual(sent, ["[1,2]", "3", "[4,5]"]);
});

Deno.test("BatchWriter keeps each batch within the limit", async () => {
  const { writer, sent } = makeWriter(9);
  push(writer, "111", "222", "333", "4444444444", "5", "666");
  await endOfTick();
  assert.deepEqual(sent, ["[111,222]", "333", "4444444444", "[5,666]"]);
});

Deno.test("BatchWriter.isBatching returns whether batching is on", () => {
  const { writer } = makeWriter();
  assert.equal(writer.isBatching, false);
  writer.enableBatching(1_024);
  assert.equal(writer.isBatching, true);
});

Deno.test("BatchWriter sends frames from before enableBatching() only once", async () => {
  const { writer, sent } = makeWriter();
  push(writer, "1", "2");
  writer.enableBatching(1_024);
  push(writer, "3", "4");
  assert.deepEqual(sent, ["1", "2"]);
  await endOfTick();
  assert.deepEqual(sent, ["1", "2", "[3,4]"]);
});

Deno.test("BatchWriter.flush() sends each waiting frame once", async () => {
  const { writer, sent } = makeWriter(1_024);
  writer.flush();
  push(writer, "1", "2");
  writer.flush();
  writer.flush();
  assert.deepEqual(sent, ["[1,2]"]);
  await endOfTick();
  assert.deepEqual(sent, ["[1,2]"]);
});

Deno.test("BatchWriter continues in the same tick after a flush", async () => {
  const { writer, sent } = makeWriter(1_024);
  writer.push("1");
  writer.flush();
  push(writer, "2", "3");
  assert.deepEqual(sent, ["1"]);
  await endOfTick();
  assert.deepEqual(sent, ["1", "[2,3]"]);
});

Deno.test("BatchWriter keeps the order of a tick with many flushes", async () => {
  const { writer, sent } = makeWriter(1_024);
  for (let n = 1; n <= 100; n++) {
    writer.push(String(n));
    if (n % 7 === 0) writer.flush();
  }
  await endOfTick();
  const numbers = sent.flatMap((frame) => JSON.parse(frame));
  assert.deepEqual(numbers, Array.from({ length: 100 }, (_, n) => n + 1));
  assert.deepEqual(sent.at(-1), "[99,100]");
});

Deno.test("BatchWriter joins frames of microtasks that are already queued", async () => {
  const { writer, sent } = makeWriter(1_024);
  const ready = Promise.resolve();
  const pushed = ["2", "3", "4"].map((frame) =>
    ready.then(() => writer.push(frame))
  );
  writer.push("1");
  await Promise.all(pushed);
  await endOfTick();
  assert.deepEqual(sent, ["[1,2,3,4]"]);
});

Deno.test("BatchWriter joins frames of a chain of microtasks", async () => {
  const { writer, sent } = makeWriter(1_024);
  const push20 = (n: number) => {
    writer.push(String(n));
    if (n < 20) queueMicrotask(() => push20(n + 1));
  };
  push(writer, "0", "0");
  queueMicrotask(() => push20(1));
  await endOfTick();
  const numbers = Array.from({ length: 21 }, (_, n) => n);
  assert.deepEqual(sent, [`[0,${numbers}]`]);
});

Deno.test("BatchWriter joins the answers of many promises", async () => {
  const { writer, sent } = makeWriter(1_024);
  const answer = async (n: number) => {
    await null;
    writer.push(String(n));
  };
  await Promise.all([1, 2, 3, 4, 5].map(answer));
  await endOfTick();
  assert.deepEqual(sent, ["[1,2,3,4,5]"]);
});

Deno.test("BatchWriter sends frames that are pushed during a write", async () => {
  for (const flushes of [false, true]) {
    const sent: string[] = [];
    const writer: BatchWriter = new BatchWriter({
      write(frame) {
        sent.push(frame);
        if (sent.length > 3) return;
        push(writer, "8", "9");
        if (flushes) writer.flush();
      },
    });
    writer.enableBatching(1_024);
    push(writer, "1", "2");
    await endOfTick();
    assert.deepEqual(sent, ["[1,2]", "[8,9]", "[8,9]", "[8,9]"]);
  }
});

Deno.test("two BatchWriters are independent", async () => {
  const one = makeWriter(1_024);
  const two = makeWriter(1_024);
  push(one.writer, "1", "2");
  push(two.writer, "3", "4");
  one.writer.flush();
  assert.deepEqual([one.sent, two.sent], [["[1,2]"], []]);
  await endOfTick();
  assert.deepEqual([one.sent, two.sent], [["[1,2]"], ["[3,4]"]]);
});
