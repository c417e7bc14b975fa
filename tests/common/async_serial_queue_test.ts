/** Tests of `SerialQueue` in `common/async.ts`. */

import assert from "node:assert/strict";
import { type MaybeAsync, SerialQueue } from "../../common/async.ts";
import { HOSTILE } from "../support/attacks.ts";
import { endOfTick, gate } from "../support/timing.ts";

/** Makes a queue that records the callbacks that ran, with the error if one failed. */
function makeQueue() {
  const queue = new SerialQueue();
  const done: unknown[] = [];
  const add = (name: string, before: MaybeAsync = () => {}) =>
    queue.add(
      before,
      () => done.push(name),
      (error) => done.push([name, error]),
    );
  return { queue, done, add };
}

/** Makes a promise that the test settles. */
function waiting() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { before: () => promise, resolve, reject };
}

Deno.test("SerialQueue runs a callback synchronously if nothing waits", () => {
  const { queue, done, add } = makeQueue();
  assert.equal(queue.done, undefined);
  for (const name of ["1", "2", "3"]) {
    add(name);
    assert.equal(done.at(-1), name);
    assert.equal(queue.done, undefined);
  }
  assert.equal(done.length, 3);
});

Deno.test("SerialQueue starts every preparation at once", () => {
  const { done, add } = makeQueue();
  const began: number[] = [];
  for (const n of [1, 2, 3]) {
    add(String(n), () => {
      began.push(n);
      return new Promise(() => {});
    });
  }
  assert.deepEqual([began, done], [[1, 2, 3], []]);
});

Deno.test("SerialQueue keeps the order even if a later callback is ready first", async () => {
  const { queue, done, add } = makeQueue();
  const [one, two] = [waiting(), waiting()];
  add("1", one.before);
  add("2", two.before);
  add("3");
  add("4", () => Promise.resolve());
  two.resolve();
  await endOfTick();
  assert.deepEqual(done, []);
  const all = queue.done;
  assert(all instanceof Promise);
  one.resolve();
  await all;
  assert.deepEqual(done, ["1", "2", "3", "4"]);
  assert.equal(queue.done, undefined);
  add("5");
  assert.equal(done.at(-1), "5");
});

Deno.test("SerialQueue.done includes callbacks that are added later", async () => {
  const { queue, done, add } = makeQueue();
  const [one, two] = [waiting(), waiting()];
  add("1", one.before);
  const first = queue.done;
  add("2", two.before);
  assert.notEqual(queue.done, first);
  one.resolve();
  await first;
  assert.deepEqual(done, ["1"]);
  assert.notEqual(queue.done, undefined);
  two.resolve();
  await queue.done;
  assert.deepEqual(done, ["1", "2"]);
  assert.equal(queue.done, undefined);
});

Deno.test("SerialQueue reports a failed preparation in the order of the callbacks", async () => {
  const { queue, done, add } = makeQueue();
  const error = new Error("no");
  const [one, two] = [waiting(), waiting()];
  add("1", one.before);
  add("2", two.before);
  add("3", () => {
    throw error;
  });
  add("4", () => Promise.reject(error));
  add("5");
  // It rejects long before it is awaited.
  two.reject(error);
  await endOfTick();
  assert.deepEqual(done, []);
  one.resolve();
  await queue.done;
  assert.deepEqual(done, ["1", ["2", error], ["3", error], ["4", error], "5"]);
});

Deno.test("SerialQueue continues after a preparation that throws", async () => {
  const { queue, done, add } = makeQueue();
  const error = new Error("no");
  add("1", () => {
    throw error;
  });
  add("2");
  await queue.done;
  assert.deepEqual(done, [["1", error], "2"]);
  add("3");
  assert.deepEqual(done, [["1", error], "2", "3"]);
});

Deno.test("SerialQueue reports thrown values of any type", async () => {
  for (const thrown of [undefined, null, "text", HOSTILE]) {
    const queue = new SerialQueue();
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
      const never = () => assert.fail("it continues");
      queue.add(before, never, (error) => void failures.push(error));
    }
    await queue.done;
    assert.equal(failures.length, 3);
    // A comparison, because an assertion cannot display these values.
    assert(failures.every((failure) => failure === thrown));
  }
});

Deno.test("SerialQueue awaits any object with a method then", async () => {
  const { queue, done, add } = makeQueue();
  const thenable = {
    then: (resolve: () => void) => queueMicrotask(resolve),
  } as PromiseLike<void>;
  add("1", () => thenable);
  assert.deepEqual(done, []);
  await queue.done;
  assert.deepEqual(done, ["1"]);
  const unreadable = Object.defineProperty({}, "then", {
    get: () => {
      throw new Error("no");
    },
  });
  add("2", () => unreadable as PromiseLike<void>);
  await queue.done;
  assert.deepEqual(done.slice(1), [["2", new Error("no")]]);
});

Deno.test("SerialQueue appends a callback that a running callback adds", async () => {
  const { opened, open } = gate();
  const queue = new SerialQueue();
  const done: string[] = [];
  const add = (name: string, before: MaybeAsync, next = () => {}) =>
    queue.add(
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
  while (queue.done !== undefined) await queue.done;
  assert.deepEqual(done, ["1", "2", "3", "4"]);
});

Deno.test("two SerialQueues are independent", async () => {
  const [one, two] = [makeQueue(), makeQueue()];
  const first = waiting();
  one.add("1", first.before);
  two.add("2");
  assert.deepEqual([one.done, two.done], [[], ["2"]]);
  first.resolve();
  await one.queue.done;
  assert.deepEqual(one.done, ["1"]);
});
