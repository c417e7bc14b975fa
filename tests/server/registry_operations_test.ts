import assert from "node:assert/strict";
import { Operations } from "../../server/registry.ts";
import { gate } from "../support/timing.ts";

/** Calls an operation whose handler returns `value`. */
function callFor(value: unknown): string | PromiseLike<string> {
  const operations = new Operations<null>();
  operations.add("get", () => value);
  return operations.find("get")!.call({}, null);
}

/** Awaits the result of an operation whose handler returns `value`. */
async function resultOf(value: unknown): Promise<string> {
  return await callFor(value);
}

Deno.test("Operation.call() passes the arguments and the context", async () => {
  const operations = new Operations<{ caller: string }>();
  const data = { a: 1 };
  const context = { caller: "Ada" };
  operations.add("add", (...args) => {
    assert.equal(args.length, 2);
    assert.equal(args[0], data);
    assert.equal(args[1], context);
    return "seen";
  });
  assert.equal(await operations.find("add")!.call(data, context), '"seen"');
});

Deno.test("a handler is called without `this`", async () => {
  const seen: unknown[] = [];
  const operations = new Operations<null>();
  operations.add("look", function (this: unknown) {
    seen.push(this);
  });
  await operations.find("look")!.call({}, null);
  assert.deepEqual(seen, [undefined]);
});

Deno.test("Operation.call() calls only the operation with the name", async () => {
  const operations = new Operations<null>();
  operations.add("one", () => 1);
  operations.add("two", () => 2);
  assert.equal(await operations.find("two")!.call({}, null), "2");
  assert.equal(await operations.find("one")!.call({}, null), "1");
});

Deno.test("Operation.call() awaits a promise", async () => {
  const { opened, open } = gate();
  const operations = new Operations<null>();
  operations.add("wait", async () => {
    await opened;
    return [1];
  });
  const result = operations.find("wait")!.call({}, null);
  open();
  assert.equal(await result, "[1]");
});

const JSON_TEXTS: readonly (readonly [value: unknown, json: string])[] = [
  [undefined, "null"],
  [null, "null"],
  [false, "false"],
  [0, "0"],
  ["", '""'],
  [{ a: undefined, b: [{}] }, '{"b":[{}]}'],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [{ toJSON: () => 7 }, "7"],
];

for (const [value, json] of JSON_TEXTS) {
  Deno.test(`returns the result of ${Deno.inspect(value)} synchronously`, () => {
    assert.equal(callFor(value), json);
  });

  Deno.test(`encodes ${Deno.inspect(value)} as ${json}`, async () => {
    assert.equal(await resultOf(value), json);
  });
}

const cycle: { self?: unknown } = {};
cycle.self = cycle;

const NO_RESULTS: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  "a bigint": [1n, /serialize a BigInt/],
  "an object with a bigint": [{ a: 1n }, /serialize a BigInt/],
  "a cycle": [cycle, /circular structure/],
  "NaN": [NaN, /: result is NaN\. Use null or a string\.$/],
  "an array with undefined": [[undefined], /: result\[0\] is undefined\. /],
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
  Deno.test(`fails synchronously if the handler returns ${name}`, () => {
    assert.throws(() => callFor(value), { name: "TypeError", message });
  });

  Deno.test(`rejects if the handler resolves to ${name}`, async () => {
    const result = callFor(Promise.resolve(value));
    assert(result instanceof Promise);
    await assert.rejects(result, { name: "TypeError", message });
  });

  Deno.test(`fails if the handler returns ${name}`, async () => {
    await assert.rejects(resultOf(value), { name: "TypeError", message });
  });
}

Deno.test("fails with the exception of toJSON()", async () => {
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

Deno.test("fails synchronously with the exception of the handler", () => {
  const error = new Error("thrown");
  const operations = new Operations<null>();
  operations.add("fail", () => {
    throw error;
  });
  assert.throws(
    () => operations.find("fail")!.call({}, null),
    (thrown) => thrown === error,
  );
});

Deno.test("rejects with the reason of the handler's promise", async () => {
  const error = new Error("rejected");
  await assert.rejects(
    resultOf(Promise.reject(error)),
    (thrown) => thrown === error,
  );
});

/** Values with a method `then` that are not native promises */
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
  Deno.test(`awaits ${what}`, async () => {
    const result = callFor(make());
    assert(result instanceof Promise);
    assert.equal(await result, "7");
  });
}

Deno.test("rejects with the reason of a thenable", async () => {
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

Deno.test("fails with the exception of reading `then`", async () => {
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
  Deno.test(`does not await ${json}`, () => {
    assert.equal(callFor(value), json);
  });
}

Deno.test("Operations.has() returns whether an operation exists", () => {
  const operations = new Operations<null>();
  operations.add("add", () => 1);
  assert(operations.has("add"));
  assert(!operations.has("Add"));
});

for (const name of ["__proto__", "constructor", "toString", "", "a b"]) {
  Deno.test(`Operations accept the name ${JSON.stringify(name)}`, async () => {
    const operations = new Operations<null>();
    assert(!operations.has(name));
    operations.add(name, () => 1);
    assert(operations.has(name));
    assert.equal(await operations.find(name)!.call({}, null), "1");
  });
}

Deno.test("Operations.add() rejects a name that exists and keeps the first handler", async () => {
  const operations = new Operations<null>();
  operations.add("add", () => "first");
  assert.throws(() => operations.add("add", () => "second"), {
    name: "TypeError",
    message:
      'Cannot register operation "add": it already exists. Dispose the first registration first.',
  });
  assert.equal(await operations.find("add")!.call({}, null), '"first"');
});

for (const handler of [undefined, null, "text", {}]) {
  Deno.test(`Operations.add() rejects the handler ${JSON.stringify(handler)}`, () => {
    const operations = new Operations<null>();
    // TypeScript rejects it, JavaScript does not.
    assert.throws(() => operations.add("add", handler as () => void), {
      name: "TypeError",
      message:
        /^Cannot register operation "add": the handler must be a function\. It is .*\.$/,
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

Deno.test("the name of a removed operation can be used again", async () => {
  const operations = new Operations<null>();
  operations.add("add", () => 1)[Symbol.dispose]();
  operations.add("add", () => 2);
  assert.equal(await operations.find("add")!.call({}, null), "2");
});

Deno.test("removing an operation twice keeps its successor", () => {
  const operations = new Operations<null>();
  const first = operations.add("add", () => 1);
  first[Symbol.dispose]();
  operations.add("add", () => 2);
  first[Symbol.dispose]();
  assert(operations.has("add"));
});

Deno.test("removing an operation twice keeps a successor with the same handler", () => {
  const handler = () => 1;
  const operations = new Operations<null>();
  const first = operations.add("add", handler);
  first[Symbol.dispose]();
  operations.add("add", handler);
  first[Symbol.dispose]();
  assert(operations.has("add"));
});

Deno.test("an operation that is removed while it runs still returns its result", async () => {
  const { opened, open } = gate();
  const operations = new Operations<null>();
  const offered = operations.add("wait", () => opened.then(() => 1));
  const result = operations.find("wait")!.call({}, null);
  offered[Symbol.dispose]();
  open();
  assert.equal(await result, "1");
});
