import assert from "node:assert/strict";
import { Tail } from "../../dashboard/tail.ts";

const textsOf = (tail: Tail<{ readonly text: string }>) =>
  tail.entries.map(({ text }) => text);

/** Resolves when the list has reported its changes. */
const settled = (tail: Tail<never>) =>
  new Promise<void>((resolve) => {
    const forget = tail.changes.listen(() => (forget(), resolve()));
  });

Deno.test("Tail shows the newest entries first, and nothing new while it is paused", async () => {
  const tail = new Tail<{ readonly text: string }>();
  tail.add([{ text: "a" }, { text: "b" }], 0);
  assert.deepEqual(textsOf(tail), ["b", "a"]);
  tail.pause(true);
  tail.add([{ text: "c" }], 4);
  await settled(tail as never);
  assert.deepEqual(textsOf(tail), ["b", "a"]);
  assert.equal(tail.missed, 1);
  assert.equal(tail.dropped, 4);
  tail.pause(false);
  assert.deepEqual(textsOf(tail), ["c", "b", "a"]);
  assert.equal(tail.missed, 0);
});

Deno.test("Tail keeps 2,000 entries, also while it is paused", async () => {
  const tail = new Tail<{ readonly text: string }>();
  tail.pause(true);
  for (let n = 0; n < 3_000; n++) tail.add([{ text: String(n) }], 0);
  await settled(tail as never);
  assert.deepEqual(textsOf(tail), []);
  assert.equal(tail.missed, 3_000);
  tail.pause(false);
  assert.equal(tail.entries.length, 2_000);
  assert.equal(tail.entries[0]?.text, "2999");
  assert.equal(new Set(tail.entries.map(({ key }) => key)).size, 2_000);
});

Deno.test("Tail can be cleared", async () => {
  const tail = new Tail<{ readonly text: string }>();
  tail.add([{ text: "a" }], 1);
  tail.pause(true);
  tail.clear();
  assert.deepEqual(textsOf(tail), []);
  assert.equal(tail.dropped, 0);
  assert(tail.isPaused);
  tail.pause(false);
  assert.deepEqual(textsOf(tail), []);
  await settled(tail as never);
});
