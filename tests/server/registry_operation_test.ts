import assert from "node:assert/strict";
import { Operations } from "../../server/registry.ts";
import { gate } from "../support/timing.ts";

/** What `Operations.call()` gives for a handler that returns `value`. */
function callFor(value: unknown): string | PromiseLike<string> {
  const operations = new Operations<null>();
  operations.add("get", () => value);
  return operations.call("get", {}, null);
}

/** Calls an operation that returns `value`, as asynchronous code does. */
async function resultOf(value: unknown): Promise<string> {
  return await callFor(value);
}

Deno.test("Operations.call() hands over the arguments and the context", async () => {
  const operations = new Operations<{ caller: string }>();
  const data = { a: 1 };
  const context = { caller: "Ada" };
  operations.add("add", (...args) => {
    assert.equal(args.length, 2);
    assert.equal(args[0], data);
    assert.equal(args[1], context);
    return "seen";
  });
  assert.equal(await operations.call("add", data, context), '"seen"');
});

Deno.test("an operation gets nothing of Operations by way of this", async () => {
  const seen: unknown[] = [];
  const operations = new Operations<null>();
  operations.add("look", function (this: unknown) {
    seen.push(this);
  });
  await operations.call("look", {}, null);
  assert.deepEqual(seen, [undefined]);
});

Deno.test("Operations.call() calls the operation of that name and no other", async () => {
  const operations = new Operations<null>();
  operations.add("one", () => 1);
  operations.add("two", () => 2);
  assert.equal(await operations.call("two", {}, null), "2");
  assert.equal(await operations.call("one", {}, null), "1");
});

Deno.test("Operations.call() waits for a promise", async () => {
  const { opened, open } = gate();
  const operations = new Operations<null>();
  operations.add("wait", async () => {
    await opened;
    return [1];
  });
  const result = operations.call("wait", {}, null);
  open();
  assert.equal(await result, "[1]");
});

const JSON_TEXTS: readonly (readonly [value: unknown, json: string])[] = [
  [undefined, "null"],
  [null, "null"],
  [false, "false"],
  [0, "0"],
  ["", '""'],
  [NaN, "null"],
  [[undefined], "[null]"],
  [{ a: undefined, b: [{}] }, '{"b":[{}]}'],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [{ toJSON: () => 7 }, "7"],
];

for (const [value, json] of JSON_TEXTS) {
  Deno.test(`an operation that returns ${Deno.inspect(value)} has its result at once`, () => {
    assert.equal(callFor(value), json);
  });

  Deno.test(`an operation that returns ${Deno.inspect(value)} results in ${json}`, async () => {
    assert.equal(await resultOf(value), json);
  });
}

const cycle: { self?: unknown } = {};
cycle.self = cycle;

const NO_RESULTS: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  "a bigint": [1n, /serialize a BigInt/],
  "an object with a bigint": [{ a: 1n }, /serialize a BigInt/],
  "a cycle": [cycle, /circular structure/],
  "a function": [
    () => {},
    /^the result of the handler cannot be encoded as JSON: it is of type function$/,
  ],
  "a symbol": [
    Symbol("a"),
    /^the result of the handler cannot be encoded as JSON: it is of type symbol$/,
  ],
  "an object whose toJSON() returns undefined": [
    { toJSON: () => undefined },
    /cannot be encoded as JSON: it is of type object$/,
  ],
};

for (const [name, [value, message]] of Object.entries(NO_RESULTS)) {
  Deno.test(`an operation that returns ${name} fails at once`, () => {
    assert.throws(() => callFor(value), { name: "TypeError", message });
  });

  Deno.test(`an operation that resolves to ${name} fails later`, async () => {
    const result = callFor(Promise.resolve(value));
    assert(result instanceof Promise);
    await assert.rejects(result, { name: "TypeError", message });
  });

  Deno.test(`an operation that returns ${name} fails`, async () => {
    await assert.rejects(resultOf(value), { name: "TypeError", message });
  });
}

Deno.test("an operation fails with what the toJSON() of its result throws", async () => {
  const cause = new Error("not to be written");
  const message =
    "the result of the handler cannot be encoded as JSON: not to be written";
  const result = resultOf({
    toJSON() {
      throw cause;
    },
  });
  await assert.rejects(result, { name: "TypeError", message, cause });
});

Deno.test("an operation fails at once with what its handler throws", () => {
  const error = new Error("thrown");
  const operations = new Operations<null>();
  operations.add("fail", () => {
    throw error;
  });
  assert.throws(
    () => operations.call("fail", {}, null),
    (thrown) => thrown === error,
  );
});

Deno.test("an operation fails with what its promise rejects with", async () => {
  const error = new Error("rejected");
  await assert.rejects(
    resultOf(Promise.reject(error)),
    (thrown) => thrown === error,
  );
});

/** What is waited for, though it is no promise of JavaScript's own. */
const THENABLES: Readonly<Record<string, () => unknown>> = {
  "an object with then()": () => ({
    then: (resolve: (value: number) => void) => resolve(7),
  }),
  "a function with then()": () =>
    Object.assign(() => {}, {
      then: (resolve: (value: number) => void) => resolve(7),
    }),
  "an object that inherits then()": () =>
    Object.create({ then: (resolve: (value: number) => void) => resolve(7) }),
  "a promise of another class": () =>
    class extends Promise<number> {}.resolve(7),
  "a thenable that resolves to a promise": () => ({
    then: (resolve: (value: unknown) => void) => resolve(Promise.resolve(7)),
  }),
};

for (const [what, make] of Object.entries(THENABLES)) {
  Deno.test(`an operation that returns ${what} has its result later`, async () => {
    const result = callFor(make());
    assert(result instanceof Promise);
    assert.equal(await result, "7");
  });
}

Deno.test("an operation that returns a thenable that fails fails with the same", async () => {
  const error = new Error("rejected");
  const rejecting = {
    then: (_resolve: unknown, reject: (error: Error) => void) => reject(error),
  };
  const throwing = {
    then() {
      throw error;
    },
  };
  for (const value of [rejecting, throwing]) {
    await assert.rejects(resultOf(value), (thrown) => thrown === error);
  }
});

Deno.test("an operation whose result has a then that throws fails with what it throws", async () => {
  const error = new Error("not to be read");
  const unreadable = {
    get then() {
      throw error;
    },
  };
  const untouchable = new Proxy({}, {
    has() {
      throw error;
    },
  });
  for (const value of [unreadable, untouchable]) {
    await assert.rejects(resultOf(value), (thrown) => thrown === error);
  }
});

for (
  const [value, json] of [
    [{ then: 7 }, '{"then":7}'],
    [{ then: null }, '{"then":null}'],
    [[{ then: "later" }], '[{"then":"later"}]'],
  ] as const
) {
  Deno.test(`an operation that returns ${json} does not wait for it`, () => {
    assert.equal(callFor(value), json);
  });
}

Deno.test("Operations.has() tells whether there is an operation", () => {
  const operations = new Operations<null>();
  operations.add("add", () => 1);
  assert(operations.has("add"));
  assert(!operations.has("Add"));
});

for (const name of ["__proto__", "constructor", "toString", "", "a b"]) {
  Deno.test(`Operations take ${JSON.stringify(name)} for a name like any other`, async () => {
    const operations = new Operations<null>();
    assert(!operations.has(name));
    operations.add(name, () => 1);
    assert(operations.has(name));
    assert.equal(await operations.call(name, {}, null), "1");
  });
}

Deno.test("Operations.add() refuses a name that is taken and keeps the first", async () => {
  const operations = new Operations<null>();
  operations.add("add", () => "first");
  assert.throws(() => operations.add("add", () => "second"), {
    name: "TypeError",
    message:
      'Cannot register operation "add" as it exists already: dispose of the first one before',
  });
  assert.equal(await operations.call("add", {}, null), '"first"');
});

for (const handler of [undefined, null, "text", {}]) {
  Deno.test(`Operations.add() refuses ${JSON.stringify(handler)} as a handler`, () => {
    const operations = new Operations<null>();
    // What TypeScript refuses and JavaScript does not.
    assert.throws(() => operations.add("add", handler as () => void), {
      name: "TypeError",
      message:
        `Cannot register operation "add" as its handler must be a function: current value is of type ${typeof handler}`,
    });
    assert(!operations.has("add"));
  });
}

Deno.test("an operation is removed at the end of a using block", () => {
  const operations = new Operations<null>();
  {
    using _offered = operations.add("add", () => 1);
    assert(operations.has("add"));
  }
  assert(!operations.has("add"));
});

Deno.test("the name of an operation that was removed can be taken again", async () => {
  const operations = new Operations<null>();
  operations.add("add", () => 1)[Symbol.dispose]();
  operations.add("add", () => 2);
  assert.equal(await operations.call("add", {}, null), "2");
});

Deno.test("removing an operation twice leaves its successor alone", () => {
  const operations = new Operations<null>();
  const first = operations.add("add", () => 1);
  first[Symbol.dispose]();
  operations.add("add", () => 2);
  first[Symbol.dispose]();
  assert(operations.has("add"));
});

Deno.test("removing an operation twice leaves a successor with the same handler alone", () => {
  const handler = () => 1;
  const operations = new Operations<null>();
  const first = operations.add("add", handler);
  first[Symbol.dispose]();
  operations.add("add", handler);
  first[Symbol.dispose]();
  assert(operations.has("add"));
});

Deno.test("an operation that is removed while it runs still has its result", async () => {
  const { opened, open } = gate();
  const operations = new Operations<null>();
  const offered = operations.add("wait", () => opened.then(() => 1));
  const result = operations.call("wait", {}, null);
  offered[Symbol.dispose]();
  open();
  assert.equal(await result, "1");
});
