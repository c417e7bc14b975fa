import assert from "node:assert/strict";
import { type MaybeAsync, SerialQueue } from "../../common/async.ts";
import { HOSTILE } from "../support/attacks.ts";
import { endOfTick, gate } from "../support/timing.ts";

/** A sequence, and what it has done: a name, or a name with what failed before it. */
function begin() {
  const sequence = new SerialQueue();
  const done: unknown[] = [];
  const add = (name: string, before: MaybeAsync = () => {}) =>
    sequence.add(
      before,
      () => done.push(name),
      (error) => done.push([name, error]),
    );
  return { sequence, done, add };
}

/** A promise that a test settles. */
function waiting() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { before: () => promise, resolve, reject };
}

Deno.test("a sequence does at once what need not wait", () => {
  const { sequence, done, add } = begin();
  assert.equal(sequence.done, undefined);
  for (const name of ["1", "2", "3"]) {
    add(name);
    assert.equal(done.at(-1), name);
    assert.equal(sequence.done, undefined);
  }
  assert.equal(done.length, 3);
});

Deno.test("a sequence begins what comes before at once, whatever waits", () => {
  const { done, add } = begin();
  const began: number[] = [];
  for (const n of [1, 2, 3]) {
    add(String(n), () => {
      began.push(n);
      return new Promise(() => {});
    });
  }
  assert.deepEqual([began, done], [[1, 2, 3], []]);
});

Deno.test("a sequence keeps the order, though later ones are ready first", async () => {
  const { sequence, done, add } = begin();
  const [one, two] = [waiting(), waiting()];
  add("1", one.before);
  add("2", two.before);
  add("3");
  add("4", () => Promise.resolve());
  two.resolve();
  await endOfTick();
  assert.deepEqual(done, []);
  const all = sequence.done;
  assert(all instanceof Promise);
  one.resolve();
  await all;
  assert.deepEqual(done, ["1", "2", "3", "4"]);
  assert.equal(sequence.done, undefined);
  add("5");
  assert.equal(done.at(-1), "5");
});

Deno.test("a sequence is done when all is that was added meanwhile", async () => {
  const { sequence, done, add } = begin();
  const [one, two] = [waiting(), waiting()];
  add("1", one.before);
  const first = sequence.done;
  add("2", two.before);
  assert.notEqual(sequence.done, first);
  one.resolve();
  await first;
  assert.deepEqual(done, ["1"]);
  assert.notEqual(sequence.done, undefined);
  two.resolve();
  await sequence.done;
  assert.deepEqual(done, ["1", "2"]);
  assert.equal(sequence.done, undefined);
});

Deno.test("a sequence does one thing in place of another that failed, in its turn", async () => {
  const { sequence, done, add } = begin();
  const error = new Error("no");
  const [one, two] = [waiting(), waiting()];
  add("1", one.before);
  add("2", two.before);
  add("3", () => {
    throw error;
  });
  add("4", () => Promise.reject(error));
  add("5");
  // Long before it is its turn, and nobody has asked for it.
  two.reject(error);
  await endOfTick();
  assert.deepEqual(done, []);
  one.resolve();
  await sequence.done;
  assert.deepEqual(done, ["1", ["2", error], ["3", error], ["4", error], "5"]);
});

Deno.test("a sequence in which nothing waits goes on after what throws", async () => {
  const { sequence, done, add } = begin();
  const error = new Error("no");
  add("1", () => {
    throw error;
  });
  add("2");
  await sequence.done;
  assert.deepEqual(done, [["1", error], "2"]);
  add("3");
  assert.deepEqual(done, [["1", error], "2", "3"]);
});

Deno.test("a sequence hands over whatever was thrown", async () => {
  for (const thrown of [undefined, null, "text", HOSTILE]) {
    const sequence = new SerialQueue();
    const failures: unknown[] = [];
    const befores: readonly MaybeAsync[] = [
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
      () =>
        ({
          then: (_, reject: (error: unknown) => void) => reject(thrown),
        }) as PromiseLike<void>,
    ];
    for (const before of befores) {
      const never = () => assert.fail("it goes on");
      sequence.add(before, never, (error) => void failures.push(error));
    }
    await sequence.done;
    assert.equal(failures.length, 3);
    // No assertion could show it.
    assert(failures.every((failure) => failure === thrown));
  }
});

Deno.test("a sequence waits for whatever await would wait for", async () => {
  const { sequence, done, add } = begin();
  const thenable = {
    then: (resolve: () => void) => queueMicrotask(resolve),
  } as PromiseLike<void>;
  add("1", () => thenable);
  assert.deepEqual(done, []);
  await sequence.done;
  assert.deepEqual(done, ["1"]);
  const unreadable = Object.defineProperty({}, "then", {
    get: () => {
      throw new Error("no");
    },
  });
  add("2", () => unreadable as PromiseLike<void>);
  await sequence.done;
  assert.deepEqual(done.slice(1), [["2", new Error("no")]]);
});

Deno.test("a sequence takes what is added while it does something, after what was there", async () => {
  const { opened, open } = gate();
  const sequence = new SerialQueue();
  const done: string[] = [];
  const add = (name: string, before: MaybeAsync, next = () => {}) =>
    sequence.add(
      before,
      () => {
        done.push(name);
        next();
      },
      () => assert.fail("it fails"),
    );
  add("1", () => opened, () => add("3", () => {}, () => add("4", () => {})));
  add("2", () => {});
  open();
  while (sequence.done !== undefined) await sequence.done;
  assert.deepEqual(done, ["1", "2", "3", "4"]);
});

Deno.test("sequences have nothing to do with each other", async () => {
  const [one, two] = [begin(), begin()];
  const first = waiting();
  one.add("1", first.before);
  two.add("2");
  assert.deepEqual([one.done, two.done], [[], ["2"]]);
  first.resolve();
  await one.sequence.done;
  assert.deepEqual(one.done, ["1"]);
});
