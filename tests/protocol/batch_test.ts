/** Tests of `joinFrames` in `protocol/batch.ts`. */

import assert from "node:assert/strict";
import { joinFrames, MAX_BATCH } from "../../protocol/batch.ts";
import { byteLength } from "../support/bytes.ts";
import { seededRandom } from "../support/random.ts";

/** Makes a frame of a length in bytes from one character. */
function frameOf(bytes: number, character = "x"): string {
  const space = bytes - byteLength('""');
  const count = Math.floor(space / byteLength(character));
  const frame = JSON.stringify(
    character.repeat(count) + "x".repeat(space - count * byteLength(character)),
  );
  assert.equal(byteLength(frame), bytes);
  return frame;
}

/** Returns the contents of the frames, in the order in which a peer reads them. */
function read(joined: readonly string[]): unknown[] {
  return joined.flatMap((frame) => JSON.parse(frame));
}

/** Returns how many frames each batch contains. */
function sizesOf(joined: readonly string[]): number[] {
  return joined.map((frame) =>
    frame.startsWith("[") ? JSON.parse(frame).length : 1
  );
}

Deno.test("MAX_BATCH is 16,384 bytes", () => {
  assert.equal(MAX_BATCH, 16_384);
});

Deno.test("joinFrames() returns no batch for no frames", () => {
  for (const limit of [0, 1, 2, 1_024, Infinity]) {
    assert.deepEqual(joinFrames([], limit), []);
  }
});

Deno.test("joinFrames() returns a single frame unchanged", () => {
  for (const frame of ["{}", '"ü"', frameOf(100), frameOf(100_000)]) {
    for (const limit of [0, 1, 100, 1_024]) {
      assert.deepEqual(joinFrames([frame], limit), [frame]);
    }
  }
});

Deno.test("joinFrames() joins the frames that fit", () => {
  const frames = ['{"id":1}', '{"id":2}', '{"id":3}'];
  const batch = '[{"id":1},{"id":2},{"id":3}]';
  assert.deepEqual(joinFrames(frames, 1_024), [batch]);
  assert.deepEqual(joinFrames(frames, batch.length), [batch]);
});

Deno.test("joinFrames() returns a frame without an array if it is alone in its batch", () => {
  const frames = [frameOf(8), frameOf(8), frameOf(8)];
  assert.deepEqual(joinFrames(frames, 19), [
    `[${frames[0]},${frames[1]}]`,
    frames[2],
  ]);
  assert.deepEqual(joinFrames(frames, 18), frames);
});

for (
  const character of [
    "x",
    "ü",
    "€",
    "😀",
    "\u007f",
    "\u0080",
    "\u07ff",
    "\u0800",
    "\uffff",
  ]
) {
  const shown = `${JSON.stringify(character)} of ${
    byteLength(character)
  } bytes`;

  Deno.test(`joinFrames() fills a batch to the last byte with ${shown}`, () => {
    for (const limit of [64, 65, 66, 67, 1_024, MAX_BATCH]) {
      // Two brackets, two commas, three frames.
      const last = limit - 4 - 20 - 24;
      if (last < 8) continue;
      const frames = [frameOf(20, character), frameOf(24, character)];
      const fits = [...frames, frameOf(last, character)];
      const [batch, ...others] = joinFrames(fits, limit);
      assert.equal(byteLength(batch!), limit);
      assert.deepEqual(others, []);
      const over = [...frames, frameOf(last + 1, character)];
      assert.deepEqual(sizesOf(joinFrames(over, limit)), [2, 1]);
    }
  });

  Deno.test(`joinFrames() computes the exact length of a frame of ${shown}`, () => {
    for (let bytes = 12; bytes < 40; bytes++) {
      const frames = [frameOf(bytes, character), frameOf(bytes, character)];
      const size = 2 * bytes + 3;
      assert.deepEqual(sizesOf(joinFrames(frames, size)), [2]);
      assert.deepEqual(sizesOf(joinFrames(frames, size - 1)), [1, 1]);
    }
  });
}

Deno.test("joinFrames() counts surrogates as JSON encodes them", () => {
  const texts = ["😀", "\ud83d", "\ude00", "\ude00\ud83d", "\ud83d😀\ude00"];
  const frames = texts.map((text) => JSON.stringify(text));
  const size = byteLength(`[${frames}]`);
  assert.deepEqual(joinFrames(frames, size), [`[${frames}]`]);
  assert.deepEqual(sizesOf(joinFrames(frames, size - 1)), [4, 1]);
  assert.deepEqual(read(joinFrames(frames, size)), texts);
});

Deno.test("joinFrames() returns a frame above the limit alone and keeps the order", () => {
  const huge = frameOf(101);
  const small = frameOf(10);
  for (const limit of [20, 50, 100]) {
    const frames = [small, huge, small, huge, huge, small];
    assert.deepEqual(joinFrames(frames, limit), frames);
  }
  const [first, ...rest] = joinFrames([small, small, huge, small, small], 100);
  assert.deepEqual([first, ...rest], [
    `[${small},${small}]`,
    huge,
    `[${small},${small}]`,
  ]);
});

Deno.test("joinFrames() counts the brackets of a batch", () => {
  for (const bytes of [97, 98, 99, 100]) {
    const frames = [frameOf(bytes), frameOf(2)];
    assert.deepEqual(joinFrames(frames, 100), frames);
  }
  assert.deepEqual(sizesOf(joinFrames([frameOf(95), frameOf(2)], 100)), [2]);
  assert.deepEqual(sizesOf(joinFrames([frameOf(96), frameOf(2)], 100)), [1, 1]);
});

Deno.test("joinFrames() counts each batch separately", () => {
  const frames = Array.from({ length: 100 }, (_, n) => `{"id":${n + 100}}`);
  const sizes = sizesOf(joinFrames(frames, 3 * 10 + 4));
  assert.deepEqual(sizes, [...Array(33).fill(3), 1]);
});

Deno.test("joinFrames() does not change its argument", () => {
  const frames = Object.freeze(['{"id":1}', '{"id":2}', frameOf(50)]);
  for (const limit of [10, 30, 1_024]) joinFrames(frames, limit);
  assert.deepEqual(frames, ['{"id":1}', '{"id":2}', frameOf(50)]);
});

/** Makes a string of characters of one to four bytes and of lone surrogates. */
function randomFrame(random: () => number, longest: number): string {
  const characters = [
    "x",
    '"',
    "\n",
    "ü",
    "€",
    "\uffff",
    "😀",
    "\ud83d",
    "\ude00",
  ];
  const few = random() < 0.5 ? 1 : characters.length;
  let text = "";
  for (let left = Math.floor(random() * longest); left > 0; left--) {
    text += characters[Math.floor(random() * few)];
  }
  return JSON.stringify(text);
}

Deno.test("joinFrames() fills batches in order and within the limit for random frames", () => {
  for (let seed = 1; seed <= 2_000; seed++) {
    const random = seededRandom(seed);
    const limit = Math.floor(random() * 200);
    const longest = random() < 0.2 ? 400 : 20;
    const frames = Array.from(
      { length: Math.floor(random() * 30) },
      () => randomFrame(random, longest),
    );
    const joined = joinFrames(frames, limit);
    const shown = `seed ${seed}`;
    assert.deepEqual(
      read(joined),
      frames.map((text) => JSON.parse(text)),
      shown,
    );
    let index = 0;
    for (const batch of joined) {
      const start = index;
      index += sizesOf([batch])[0]!;
      if (batch.startsWith("[")) assert(byteLength(batch) <= limit, shown);
      else assert.equal(batch, frames[start], shown);
      // The next frame does not fit.
      const more = `[${frames.slice(start, index + 1)}]`;
      if (index < frames.length) assert(byteLength(more) > limit, shown);
    }
  }
});
