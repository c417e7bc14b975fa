/** Tests of `common/listeners.ts`. */

import assert from "node:assert/strict";
import { Listeners } from "../../common/listeners.ts";
import { showValue } from "../../common/text.ts";
import { gate } from "../support/timing.ts";

interface Item {
  readonly name: string;
  readonly id: number;
}

function item(name: string, id = 1): Item {
  return { name, id };
}

function failOnError(error: unknown): never {
  throw error;
}

Deno.test("Listeners calls the listeners to the name first, then the listeners to all names", async () => {
  const calls: string[] = [];
  const listeners = new Listeners<Item>();
  listeners.add(() => calls.push("all 1"));
  listeners.add("hello", () => calls.push("name 1"));
  listeners.add(() => calls.push("all 2"));
  listeners.add(["hello"], () => calls.push("name 2"));
  const count = await listeners.dispatch(item("hello"), failOnError);
  assert.deepEqual(calls, ["name 1", "name 2", "all 1", "all 2"]);
  assert.equal(count, 4);
});

Deno.test("Listeners passes the message itself", async () => {
  const seen: unknown[] = [];
  const listeners = new Listeners<Item>();
  listeners.add("hello", (...args) => seen.push(...args));
  listeners.add((...args) => seen.push(...args));
  const message = item("hello");
  await listeners.dispatch(message, failOnError);
  assert.equal(seen.length, 2);
  assert.equal(seen[0], message);
  assert.equal(seen[1], message);
});

Deno.test("Listeners does not call a listener to another name", async () => {
  const listeners = new Listeners<Item>();
  listeners.add("hello", () => assert.fail("called for another name"));
  const count = await listeners.dispatch(item("Hello"), failOnError);
  assert.equal(count, 0);
});

Deno.test("Listeners calls a listener to several names once for each message", async () => {
  const calls: string[] = [];
  const listeners = new Listeners<Item>();
  listeners.add(["a", "b", "a"], ({ name }) => calls.push(name));
  for (const name of ["a", "b", "c"]) {
    await listeners.dispatch(item(name), failOnError);
  }
  assert.deepEqual(calls, ["a", "b"]);
});

Deno.test("Listeners calls a listener twice that was added twice", async () => {
  let calls = 0;
  const count = () => ++calls;
  const listeners = new Listeners<Item>();
  listeners.add("hello", count);
  listeners.add("hello", count);
  await listeners.dispatch(item("hello"), failOnError);
  assert.equal(calls, 2);
});

Deno.test("Listeners removes one of two registrations of the same listener", async () => {
  let calls = 0;
  const count = () => ++calls;
  const listeners = new Listeners<Item>();
  const first = listeners.add(count);
  listeners.add(count);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await listeners.dispatch(item("hello"), failOnError);
  assert.equal(calls, 1);
});

Deno.test("Listeners removes a listener at the end of a using block", async () => {
  const listeners = new Listeners<Item>();
  {
    using _listening = listeners.add(() => {});
    assert.equal(await listeners.dispatch(item("a"), failOnError), 1);
  }
  assert.equal(await listeners.dispatch(item("a"), failOnError), 0);
});

Deno.test("Listeners removes a listener from all its names", async () => {
  const calls: string[] = [];
  const listeners = new Listeners<Item>();
  const removed = listeners.add(["a", "b"], () => calls.push("removed"));
  listeners.add("b", () => calls.push("kept"));
  removed[Symbol.dispose]();
  for (const name of ["a", "b"]) {
    await listeners.dispatch(item(name), failOnError);
  }
  assert.deepEqual(calls, ["kept"]);
});

Deno.test("Listeners calls the next listener if one removes itself", async () => {
  const calls: string[] = [];
  const listeners = new Listeners<Item>();
  const first = listeners.add("hello", () => {
    calls.push("first");
    first[Symbol.dispose]();
  });
  listeners.add("hello", () => calls.push("second"));
  await listeners.dispatch(item("hello"), failOnError);
  await listeners.dispatch(item("hello"), failOnError);
  assert.deepEqual(calls, ["first", "second", "second"]);
});

Deno.test("Listeners does not call a listener that was removed while an earlier one ran", async () => {
  const { opened, open } = gate();
  const listeners = new Listeners<Item>();
  listeners.add("hello", () => opened);
  const second = listeners.add("hello", () => assert.fail("called"));
  const third = listeners.add(() => assert.fail("called"));
  const dispatched = listeners.dispatch(item("hello"), failOnError);
  second[Symbol.dispose]();
  third[Symbol.dispose]();
  open();
  assert.equal(await dispatched, 1);
});

Deno.test("Listeners calls listeners without a this value", async () => {
  const seen: unknown[] = [];
  const listeners = new Listeners<Item>();
  listeners.add("hello", function (this: unknown) {
    seen.push(this);
  });
  await listeners.dispatch(item("hello"), failOnError);
  assert.deepEqual(seen, [undefined]);
});

Deno.test("Listeners calls a new listener only for the next message", async () => {
  const calls: number[] = [];
  const listeners = new Listeners<Item>();
  const first = listeners.add("hello", () => {
    first[Symbol.dispose]();
    listeners.add("hello", ({ id }) => calls.push(id));
    listeners.add(({ id }) => calls.push(id));
  });
  await listeners.dispatch(item("hello", 1), failOnError);
  await listeners.dispatch(item("hello", 2), failOnError);
  assert.deepEqual(calls, [2, 2]);
});

for (const name of ["__proto__", "constructor", "toString", "", "a b", "ß"]) {
  Deno.test(`Listeners accepts the name ${JSON.stringify(name)}`, async () => {
    const listeners = new Listeners<Item>();
    const message = item(name);
    assert.equal(await listeners.dispatch(message, failOnError), 0);
    const listening = listeners.add(name, () => {});
    assert.equal(await listeners.dispatch(message, failOnError), 1);
    listening[Symbol.dispose]();
    assert.equal(await listeners.dispatch(message, failOnError), 0);
  });
}

Deno.test("Listeners awaits a listener before it calls the next one", async () => {
  const { opened, open } = gate();
  const calls: string[] = [];
  const listeners = new Listeners<Item>();
  listeners.add("hello", async () => {
    calls.push("first begins");
    await opened;
    calls.push("first ends");
  });
  listeners.add("hello", () => calls.push("second"));
  const dispatched = listeners.dispatch(item("hello"), failOnError);
  assert.deepEqual(calls, ["first begins"]);
  open();
  await dispatched;
  assert.deepEqual(calls, ["first begins", "first ends", "second"]);
});

Deno.test("Listeners reports errors and calls the other listeners", async () => {
  const thrown = new Error("thrown");
  const rejected = new Error("rejected");
  const calls: string[] = [];
  const errors: unknown[] = [];
  const listeners = new Listeners<Item>();
  listeners.add("hello", () => {
    throw thrown;
  });
  listeners.add("hello", () => calls.push("name"));
  listeners.add(() => Promise.reject(rejected));
  listeners.add(() => calls.push("all"));
  const count = await listeners.dispatch(
    item("hello"),
    (error) => errors.push(error),
  );
  assert.deepEqual(calls, ["name", "all"]);
  assert.deepEqual(errors, [thrown, rejected]);
  assert.equal(count, 4);
});

Deno.test("Listeners dispatches two messages independently", async () => {
  const { opened, open } = gate();
  const calls: string[] = [];
  const listeners = new Listeners<Item>();
  listeners.add("slow", () => opened);
  listeners.add(({ name }) => calls.push(name));
  const slow = listeners.dispatch(item("slow"), failOnError);
  await listeners.dispatch(item("fast"), failOnError);
  open();
  await slow;
  assert.deepEqual(calls, ["fast", "slow"]);
});

// TypeScript rejects these values, but JavaScript does not.
const INVALID_LISTENERS: readonly unknown[] = [undefined, null, "text", {}, 1];

for (const listener of INVALID_LISTENERS) {
  Deno.test(`Listeners.add() rejects ${JSON.stringify(listener)} as a listener`, async () => {
    const listeners = new Listeners<Item>();
    assert.throws(() => listeners.add("hello", listener as () => void), {
      name: "TypeError",
      message:
        /^Cannot receive messages: the listener must be a function\. It is /,
    });
    assert.equal(
      await listeners.dispatch(item("hello"), failOnError),
      0,
    );
  });
}

for (
  const [names, problem] of [
    [[], "the array of names is empty. Omit it to receive all messages."],
    ...[undefined, 7, ["hi", {}]].map((names) =>
      [
        names,
        `the name of a message must be a string. It is ${
          showValue([names].flat().at(-1))
        }.`,
      ] as const
    ),
  ] as const
) {
  Deno.test(`Listeners.add() rejects ${JSON.stringify(names)} as names`, () => {
    const listeners = new Listeners<Item>();
    assert.throws(() => listeners.add(names as string[], () => {}), {
      name: "TypeError",
      message: `Cannot receive messages: ${problem}`,
    });
  });
}
