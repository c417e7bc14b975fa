/** Tests of `server/backlog.ts`. */

import assert from "node:assert/strict";
import { Backlog, HeldFrames } from "../../server/backlog.ts";
import { countMovedItems } from "../support/moved_items.ts";
import { endOfTick } from "../support/timing.ts";

/** The number of entries per turn. */
const PER_TURN = 64;

/** A backlog whose frames are batches of numbers, such as `1,2,3`. */
function createBacklog() {
  const handled: number[] = [];
  const turns: (() => void)[] = [];
  const overruns: number[] = [];
  const owner = {
    onOverrun: (time: number) => void overruns.push(time),
    apply: (entry: number) => void handled.push(entry),
    receive: (frame: string) => {
      const entries = frame.split(",").map(Number);
      if (entries.length === 1) handled.push(entries[0]!);
      else backlog.start(entries);
    },
  };
  const backlog = new Backlog<number>(owner, {
    add: (turn) => void turns.push(turn),
  });
  /** Receives a frame, as a connection does. */
  const receive = (frame: string | Uint8Array) => {
    if (backlog.keep(frame, 0)) return;
    if (typeof frame === "string") owner.receive(frame);
    else handled.push(-1);
    backlog.run(0);
  };
  return { backlog, handled, overruns, receive, turns };
}

/** Returns the numbers from 0 to `count - 1`. */
function numbers(count: number): number[] {
  return [...Array(count).keys()];
}

Deno.test("Backlog handles a small batch at once", () => {
  const { backlog, handled, receive, turns } = createBacklog();
  receive(numbers(PER_TURN - 1).join());
  receive("7");
  assert.deepEqual(handled, [...numbers(PER_TURN - 1), 7]);
  assert.deepEqual([turns.length, backlog.isEmpty], [0, true]);
});

Deno.test("Backlog handles a large batch in several turns", () => {
  const { handled, receive, turns } = createBacklog();
  const entries = numbers(3 * PER_TURN + 1);
  receive(entries.join());
  for (let turn = 1; turn <= 3; turn++) {
    assert.deepEqual(handled, entries.slice(0, turn * PER_TURN));
    assert.equal(turns.length, turn);
    turns.at(-1)!();
  }
  assert.deepEqual([handled, turns.length], [entries, 3]);
});

Deno.test("Backlog keeps the order of the frames that arrive before the end of a batch", () => {
  const { backlog, handled, receive, turns } = createBacklog();
  const entries = numbers(2 * PER_TURN);
  receive(entries.join());
  for (const frame of ["1000", "1001,1002", "1003"]) receive(frame);
  assert.deepEqual(handled, entries.slice(0, PER_TURN));
  while (turns.length > 0) turns.shift()!();
  assert.deepEqual(handled, [...entries, 1000, 1001, 1002, 1003]);
  assert(backlog.isEmpty);
  receive("1004");
  assert.equal(handled.at(-1), 1004);
});

for (
  const [what, last] of [
    ["a binary frame", new Uint8Array(1)],
    ["a frame that exceeds the memory for waiting frames", "0".repeat(2 ** 21)],
  ] as const
) {
  Deno.test(`Backlog handles everything before ${what}`, () => {
    const { backlog, handled, overruns, receive } = createBacklog();
    const entries = numbers(3 * PER_TURN);
    receive(entries.join());
    receive("1000");
    assert.deepEqual(overruns, []);
    receive(last);
    assert(overruns.length === 1 && overruns[0]! > 0);
    const expected = typeof last === "string" ? 0 : -1;
    assert.deepEqual(handled, [...entries, 1000, expected]);
    assert(backlog.isEmpty);
  });
}

Deno.test("Backlog handles no more than necessary if the waiting frames are too long", () => {
  const { handled, receive } = createBacklog();
  const entries = numbers(2 * PER_TURN);
  receive(entries.join());
  for (let n = 0; n < 4; n++) receive("0".repeat(2 ** 19));
  assert.equal(handled.length, PER_TURN);
  receive("0".repeat(2 ** 19));
  assert.deepEqual(handled, [...entries, 0]);
});

Deno.test("Backlog has memory for more frames after the first ones were handled", () => {
  const { receive, turns, handled } = createBacklog();
  receive(numbers(2 * PER_TURN).join());
  receive("0".repeat(2 ** 20));
  receive("0".repeat(2 ** 20));
  assert.equal(handled.length, PER_TURN);
  while (turns.length > 0) turns.shift()!();
  receive(numbers(2 * PER_TURN).join());
  receive("0".repeat(2 ** 21));
  assert.equal(handled.length, 3 * PER_TURN + 2);
});

Deno.test("Backlog handles one long frame per turn", () => {
  const { handled, receive, turns } = createBacklog();
  receive(numbers(PER_TURN + 1).join());
  for (let n = 1; n <= 3; n++) receive("0".repeat(2 ** 16));
  const before = handled.length;
  for (let turn = 1; turn <= 3; turn++) {
    turns.shift()!();
    assert.equal(handled.length, before + 1 + turn);
  }
});

Deno.test("Backlog drops everything when it is cleared", () => {
  const { backlog, handled, receive, turns } = createBacklog();
  receive(numbers(3 * PER_TURN).join());
  receive("1000");
  backlog.clear();
  while (turns.length > 0) turns.shift()!();
  assert.equal(handled.length, PER_TURN);
  assert(backlog.isEmpty);
});

Deno.test("Backlog can be cleared by an entry", () => {
  const turns: (() => void)[] = [];
  const handled: number[] = [];
  const owner = {
    apply: (entry: number) => {
      handled.push(entry);
      if (entry === 2) backlog.clear();
    },
    receive: () => assert.fail("the frame is handled"),
    onOverrun: () => assert.fail("too much waits"),
  };
  const add = (turn: () => void) => void turns.push(turn);
  const backlog: Backlog<number> = new Backlog(owner, { add });
  backlog.start(numbers(5));
  assert(backlog.keep("a", 0));
  backlog.run(0);
  assert.deepEqual([handled, turns.length], [[0, 1, 2], 0]);
});

Deno.test("Backlog lets frames wait for the next turn after a pause", async () => {
  const { backlog, handled, receive, turns } = createBacklog();
  backlog.pause();
  for (const frame of ["1", "2,3", "4"]) receive(frame);
  assert.deepEqual(handled, []);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([handled, turns.length], [[1, 2, 3, 4], 0]);
  assert(backlog.isEmpty);
});

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

Deno.test("Backlog does not move all frames that wait after each of them", async () => {
  const count = 20_000;
  const { handled, receive, turns } = createBacklog();
  const moved = await countMovedItems(() => {
    receive(numbers(2 * PER_TURN).join());
    for (let frame = 0; frame < count; frame++) receive("7");
    while (handled.length < 2 * PER_TURN + count) turns.shift()!();
  });
  assert(moved < 10 * count, `${moved} items were moved`);
});
