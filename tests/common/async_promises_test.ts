/** Tests of `isPromiseLike` and `mapMaybePromise` in `common/async.ts`. */

import assert from "node:assert/strict";
import { isPromiseLike, mapMaybePromise } from "../../common/async.ts";
import { HOSTILE, REVOKED } from "../support/attacks.ts";
import { endOfTick } from "../support/timing.ts";

const then = (resolve: (value: unknown) => void) => resolve(7);

/** Values that `await` waits for; all of them resolve to 7. */
const THENABLES: Readonly<Record<string, () => unknown>> = {
  "a promise": () => Promise.resolve(7),
  "a promise of another class": () =>
    class extends Promise<number> {}.resolve(7),
  "an object with then()": () => ({ then }),
  "a function with then()": () => Object.assign(() => {}, { then }),
  "an object that inherits then()": () => Object.create({ then }),
  "an object with a getter then": () => ({
    get then() {
      return then;
    },
  }),
  "an object without a prototype": () =>
    Object.assign(Object.create(null), { then }),
  "an object that resolves to a promise": () => ({
    then: (resolve: (value: unknown) => void) => resolve(Promise.resolve(7)),
  }),
};

for (const [what, make] of Object.entries(THENABLES)) {
  Deno.test(`isPromiseLike() accepts ${what}`, () => {
    assert(isPromiseLike(make()));
  });

  Deno.test(`mapMaybePromise() awaits ${what}`, async () => {
    const seen: unknown[] = [];
    const result = mapMaybePromise(make(), (value) => {
      seen.push(value);
      return "after";
    });
    assert.deepEqual(seen, []);
    assert(result instanceof Promise);
    assert.equal(await result, "after");
    assert.deepEqual(seen, [7]);
  });
}

for (
  const value of [
    undefined,
    null,
    false,
    0,
    1n,
    "then",
    Symbol("then"),
    [],
    {},
    () => {},
    ["then"],
    { then: undefined },
    { then: null },
    { then: 7 },
    { then: { then } },
    { catch: then },
    new Map([["then", then]]),
  ]
) {
  Deno.test(`mapMaybePromise() passes ${Deno.inspect(value)} on synchronously`, () => {
    assert(!isPromiseLike(value));
    const result = {};
    const returned = mapMaybePromise(value, (got) => {
      assert.equal(got, value);
      return result;
    });
    assert.equal(returned, result);
  });
}

Deno.test("mapMaybePromise() throws the error of a synchronous callback", () => {
  const error = new Error("thrown");
  const throwing = () => {
    throw error;
  };
  assert.throws(
    () => mapMaybePromise(1, throwing),
    (thrown) => thrown === error,
  );
});

Deno.test("mapMaybePromise() rejects with the error of an asynchronous step", async () => {
  const error = new Error("thrown");
  const throwing = () => {
    throw error;
  };
  const never = () => assert.fail("it continues");
  const chains = [
    mapMaybePromise(Promise.resolve(1), throwing),
    mapMaybePromise(Promise.resolve(1), () => Promise.reject(error)),
    mapMaybePromise(Promise.reject(error), never),
    mapMaybePromise({ then: throwing } as unknown as PromiseLike<never>, never),
  ];
  for (const result of chains) {
    assert(result instanceof Promise);
    await assert.rejects(result, (thrown) => thrown === error);
  }
});

Deno.test("mapMaybePromise() returns the promise of the callback", async () => {
  const later = Promise.resolve("later");
  assert.equal(mapMaybePromise(1, () => later), later);
  assert.equal(await mapMaybePromise(Promise.resolve(1), () => later), "later");
});

Deno.test("mapMaybePromise() calls the callback once even if a thenable resolves twice", async () => {
  const seen: number[] = [];
  const twice = {
    then(resolve: (value: number) => void) {
      resolve(1);
      resolve(2);
    },
  } as PromiseLike<number>;
  await mapMaybePromise(twice, (value) => void seen.push(value));
  await endOfTick();
  assert.deepEqual(seen, [1]);
});

Deno.test("mapMaybePromise() throws the error of a getter then", () => {
  const never = () => assert.fail("it continues");
  const error = new Error("secret of the application");
  const unreadable = {
    get then() {
      throw error;
    },
  };
  assert.throws(() => isPromiseLike(unreadable), (thrown) => thrown === error);
  for (const value of [HOSTILE, REVOKED, unreadable]) {
    assert.throws(() => mapMaybePromise(value, never));
  }
});
