import assert from "node:assert/strict";
import { isPromiseLike, mapMaybePromise } from "../../common/async.ts";
import { HOSTILE, REVOKED } from "../support/attacks.ts";
import { endOfTick } from "../support/timing.ts";

const then = (resolve: (value: unknown) => void) => resolve(7);

/** What `await` waits for; all of them come to 7. */
const THENABLES: Readonly<Record<string, () => unknown>> = {
  "a promise": () => Promise.resolve(7),
  "a promise of another class": () =>
    class extends Promise<number> {}.resolve(7),
  "an object with then()": () => ({ then }),
  "a function with then()": () => Object.assign(() => {}, { then }),
  "what inherits then()": () => Object.create({ then }),
  "what has then() by a getter": () => ({
    get then() {
      return then;
    },
  }),
  "what has no prototype": () => Object.assign(Object.create(null), { then }),
  "what resolves to a promise": () => ({
    then: (resolve: (value: unknown) => void) => resolve(Promise.resolve(7)),
  }),
};

for (const [what, make] of Object.entries(THENABLES)) {
  Deno.test(`isPromiseLike() says that one has to wait for ${what}`, () => {
    assert(isPromiseLike(make()));
  });

  Deno.test(`mapMaybePromise() goes on with what ${what} comes to, later`, async () => {
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
  Deno.test(`mapMaybePromise() goes on with ${Deno.inspect(value)} at once`, () => {
    assert(!isPromiseLike(value));
    const result = {};
    const returned = mapMaybePromise(value, (got) => {
      assert.equal(got, value);
      return result;
    });
    assert.equal(returned, result);
  });
}

Deno.test("mapMaybePromise() passes on at once what throws at once", () => {
  const error = new Error("thrown");
  const throwing = () => {
    throw error;
  };
  assert.throws(
    () => mapMaybePromise(1, throwing),
    (thrown) => thrown === error,
  );
});

Deno.test("mapMaybePromise() rejects with what throws later, and with what was rejected", async () => {
  const error = new Error("thrown");
  const throwing = () => {
    throw error;
  };
  const never = () => assert.fail("it goes on");
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

Deno.test("mapMaybePromise() waits for a promise that going on returns", async () => {
  const later = Promise.resolve("later");
  assert.equal(mapMaybePromise(1, () => later), later);
  assert.equal(await mapMaybePromise(Promise.resolve(1), () => later), "later");
});

Deno.test("mapMaybePromise() goes on once, though a thenable resolves twice", async () => {
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

Deno.test("mapMaybePromise() fails with what looking for then() throws", () => {
  const never = () => assert.fail("it goes on");
  const error = new Error("secret of the host");
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
