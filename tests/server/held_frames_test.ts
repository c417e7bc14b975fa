import assert from "node:assert/strict";
import { HeldFrames } from "../../server/held_frames.ts";
import { endOfTick } from "../support/timing.ts";

/** Creates held frames, and functions that record the numbers of the handled ones. */
function hold() {
  const handled: (number | "empty")[] = [];
  const frames = new HeldFrames(() => handled.push("empty"));
  const handle = (n: number) => () => void handled.push(n);
  return { frames, handled, handle };
}

Deno.test("held frames are handled in their order", () => {
  const { frames, handled, handle } = hold();
  frames.add(handle(1));
  assert(frames.addControl(handle(2), 1));
  frames.add(handle(3));
  assert.deepEqual(handled, []);
  frames.release();
  assert.deepEqual(handled, [1, 2, 3, "empty"]);
});

Deno.test("only frames about other requests have a limit of their own", () => {
  const { frames, handle } = hold();
  assert(frames.addControl(handle(1), 2));
  for (let n = 2; n < 10; n++) frames.add(handle(n));
  assert(frames.addControl(handle(10), 2));
  assert(!frames.addControl(handle(11), 2));
});

Deno.test("many frames are handled in several turns, before later ones", async () => {
  const { frames, handled, handle } = hold();
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  for (const n of numbers) frames.add(handle(n));
  frames.release();
  assert.deepEqual(handled, numbers.slice(0, 64));
  frames.add(handle(100));
  await endOfTick();
  assert.deepEqual(handled, [...numbers, 100, "empty"]);
});

Deno.test("clear() drops the frames, also while they are handled", () => {
  const { frames, handled, handle } = hold();
  frames.add(handle(1));
  frames.add(() => frames.clear());
  frames.add(handle(2));
  frames.release();
  assert.deepEqual(handled, [1, "empty"]);
});
