import assert from "node:assert/strict";
import { z } from "zod";
import { ValidationError } from "../../common/errors.ts";
import { isAsyncIterable, StreamSource } from "../../server/stream_source.ts";
import type { Schema } from "../../contract/schema.ts";
import { CYCLE, HOSTILE, REVOKED } from "../support/attacks.ts";
import { throwsExactly } from "../support/errors.ts";
import {
  ASYNC_SCHEMAS,
  INVALID_DATA,
  LIBRARIES,
  REJECT_ALL,
  schemaOf,
} from "../support/schemas.ts";
import { gate } from "../support/timing.ts";

const SUBJECT = 'operation "rows"';

/** Creates the source of a handler that yields these values. */
function itemsOf(values: readonly unknown[], schema?: Schema): StreamSource {
  return new StreamSource(SUBJECT, generate(values), schema);
}

async function* generate(values: readonly unknown[]) {
  yield* values;
}

/** Creates the source of an iterator. */
function byHand(iterator: object): StreamSource {
  const iterable = { [Symbol.asyncIterator]: () => iterator };
  return new StreamSource(
    SUBJECT,
    iterable as AsyncIterable<unknown>,
    undefined,
  );
}

/** Returns the remaining items. */
async function rest(items: StreamSource): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const text = await items.next();
    if (text === undefined) return texts;
    texts.push(text);
  }
}

Deno.test("StreamSource returns each item as JSON, and then undefined", async () => {
  const values = [{ n: 1 }, [2], "three", 4, false, null, undefined];
  const items = itemsOf([...values, { toJSON: () => 9 }, new Date(0)]);
  assert.deepEqual(await rest(items), [
    '{"n":1}',
    "[2]",
    '"three"',
    "4",
    "false",
    "null",
    "null",
    "9",
    '"1970-01-01T00:00:00.000Z"',
  ]);
  assert.equal(await items.next(), undefined);
  assert.deepEqual(await rest(itemsOf([])), []);
});

Deno.test("StreamSource requests an item only when next() is called", async () => {
  const asked: number[] = [];
  async function* handler() {
    for (let n = 0;; n++) {
      asked.push(n);
      yield n;
    }
  }
  const items = new StreamSource(SUBJECT, handler(), undefined);
  assert.deepEqual(asked, []);
  await items.next();
  assert.deepEqual(asked, [0]);
  await items.next();
  assert.deepEqual(asked, [0, 1]);
});

Deno.test("StreamSource accepts everything that for await accepts", async () => {
  const stream = ReadableStream.from([1, 2]);
  const own = {
    count: 0,
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      return Promise.resolve({ done: this.count++ > 1, value: this.count });
    },
  };
  const other = {
    next: () => assert.fail("it is no iterator of its own"),
    [Symbol.asyncIterator]: () => generate([1, 2]),
  };
  for (const iterable of [stream, own, other] as AsyncIterable<unknown>[]) {
    assert.deepEqual(
      await rest(new StreamSource(SUBJECT, iterable, undefined)),
      ["1", "2"],
    );
  }
});

Deno.test("the return value of a generator is not an item", async () => {
  // deno-lint-ignore require-yield -- it returns at once
  async function* handler() {
    return 1n;
  }
  assert.deepEqual(
    await rest(new StreamSource(SUBJECT, handler(), REJECT_ALL)),
    [],
  );
});

for (
  const [what, value, message] of [
    ["a bigint", 1n, /serialize a BigInt/],
    ["a cycle", CYCLE, /circular structure/],
    ["NaN", NaN, /the item of the stream cannot .*: item is NaN\. /],
    [
      "a function",
      () => {},
      /cannot be encoded as JSON: it is of type function$/,
    ],
    [
      "a symbol",
      Symbol("a"),
      /cannot be encoded as JSON: it is of type symbol$/,
    ],
    [
      "an object that becomes nothing",
      { toJSON() {} },
      /it is of type object$/,
    ],
  ] as const
) {
  Deno.test(`StreamSource fails for ${what}, and can continue`, async () => {
    const items = itemsOf([1, value, 3]);
    assert.equal(await items.next(), "1");
    await assert.rejects(items.next(), { name: "TypeError", message });
    assert.equal(await items.next(), "3");
  });
}

for (const [library, schema] of Object.entries(LIBRARIES)) {
  Deno.test(`StreamSource fails for an item that does not match a schema of ${library}`, async () => {
    const items = itemsOf([INVALID_DATA], schema);
    await assert.rejects(items.next(), (error) => {
      assert(error instanceof ValidationError);
      assert.match(
        error.message,
        /^Cannot continue operation "rows": an item does not match its schema: rows\[1\]\.name: .+$/,
      );
      assert.deepEqual(error.issues.map(({ path }) => [...path]), [[
        "rows",
        1,
        "name",
      ]]);
      return true;
    });
  });
}

for (const [library, schema] of Object.entries(ASYNC_SCHEMAS)) {
  Deno.test(`StreamSource waits for an asynchronous schema of ${library}`, async () => {
    const items = itemsOf([{ n: 1 }, { n: 0 }], schema);
    assert.equal(await items.next(), '{"n":1}');
    await assert.rejects(items.next(), ValidationError);
  });
}

Deno.test("StreamSource returns the output of the schema", async () => {
  const schema = z.string().transform((text) => ({ length: text.length }));
  assert.deepEqual(await rest(itemsOf(["", "abc"], schema)), [
    '{"length":0}',
    '{"length":3}',
  ]);
  const nothing = schemaOf(() => ({ value: undefined }));
  assert.deepEqual(await rest(itemsOf([1], nothing)), ["null"]);
});

Deno.test("StreamSource fails with the error that the schema throws or rejects with", async () => {
  const error = new Error("broken");
  const schemas = [
    schemaOf(() => {
      throw error;
    }),
    schemaOf(() => Promise.reject(error)),
  ];
  for (const schema of schemas) {
    const items = itemsOf([1], schema);
    await assert.rejects(items.next(), (thrown) => thrown === error);
  }
  for (const rubbish of [undefined, null, { issues: 1 }]) {
    const items = itemsOf([1], schemaOf(() => rubbish));
    await assert.rejects(items.next(), TypeError);
  }
});

Deno.test("StreamSource fails with the error of the handler, and has ended then", async () => {
  for (const thrown of [new Error("no"), undefined, "text", HOSTILE, REVOKED]) {
    const items = new StreamSource(
      SUBJECT,
      (async function* () {
        yield 1;
        throw thrown;
      })(),
      undefined,
    );
    assert.equal(await items.next(), "1");
    assert(await throwsExactly(() => items.next(), thrown));
    assert.equal(await items.next(), undefined);
  }
});

Deno.test("StreamSource fails for an invalid iterator", async () => {
  const broken = [{}, { next: 1 }, { next: () => {} }, { next: () => null }];
  for (const iterator of broken) {
    await assert.rejects(byHand(iterator).next(), TypeError);
  }
  await assert.rejects(byHand({ next: () => HOSTILE }).next());
  await assert.rejects(byHand(undefined as never).next(), TypeError);
  await assert.rejects(byHand({ return: 1 }).return(), TypeError);
});

Deno.test("StreamSource fails for an invalid result of next()", async () => {
  for (
    const [result, type] of [[5, "number"], [null, "null"], ["", "string"]]
  ) {
    const items = byHand({ next: () => result });
    await assert.rejects(items.next(), {
      name: "TypeError",
      message:
        `'next()' of the stream must return an object with 'done' and 'value': it returned a value of type ${type}`,
    });
  }
});

Deno.test("StreamSource rejects a value that is not iterable", () => {
  const fail = () => {
    throw new Error("cannot be read");
  };
  for (const iterate of [fail, 1, undefined]) {
    const iterable = { [Symbol.asyncIterator]: iterate };
    assert.throws(() =>
      new StreamSource(SUBJECT, iterable as AsyncIterable<unknown>, undefined)
    );
  }
});

Deno.test("isAsyncIterable() recognizes asynchronous iterables", () => {
  const iterables = [
    generate([]),
    ReadableStream.from([]),
    { async *[Symbol.asyncIterator]() {} },
    Object.create({ [Symbol.asyncIterator]: () => {} }),
  ];
  for (const value of iterables) assert(isAsyncIterable(value));
  const others = [
    ...[undefined, null, 0, "text", Symbol.asyncIterator, {}, [], new Map()],
    ...[[1][Symbol.iterator](), Promise.resolve(), generate, () => {}],
  ];
  for (const value of others) assert(!isAsyncIterable(value));
  for (const value of [HOSTILE, REVOKED]) {
    assert.throws(() => isAsyncIterable(value));
  }
});

Deno.test("return() runs the finally block of the handler", async () => {
  const order: string[] = [];
  async function* handler() {
    try {
      for (let n = 0;; n++) yield n;
    } finally {
      await null;
      order.push("finally");
    }
  }
  const items = new StreamSource(SUBJECT, handler(), undefined);
  await items.next();
  await items.return();
  order.push("returned");
  assert.deepEqual(order, ["finally", "returned"]);
  assert.equal(await items.next(), undefined);
  await items.return();
  assert.deepEqual(order, ["finally", "returned"]);
});

Deno.test("return() does not start a handler that has not started", async () => {
  // deno-lint-ignore require-yield -- it must not run
  async function* handler() {
    assert.fail("it runs");
  }
  const items = new StreamSource(SUBJECT, handler(), undefined);
  await items.return();
  assert.equal(await items.next(), undefined);
});

Deno.test("return() fails with the error of the finally block", async () => {
  const error = new Error("not closed");
  async function* handler() {
    try {
      yield 1;
    } finally {
      // deno-lint-ignore no-unsafe-finally -- handlers do it
      throw error;
    }
  }
  const items = new StreamSource(SUBJECT, handler(), undefined);
  await items.next();
  await assert.rejects(items.return(), (thrown) => thrown === error);
});

Deno.test("return() waits for the handler", async () => {
  const { opened, open } = gate();
  const order: string[] = [];
  async function* handler() {
    await opened;
    order.push("ready");
    yield 1;
  }
  const items = new StreamSource(SUBJECT, handler(), undefined);
  const item = items.next();
  const end = items.return().then(() => order.push("end"));
  open();
  assert.equal(await item, "1");
  await end;
  assert.deepEqual(order, ["ready", "end"]);
});

Deno.test("return() accepts an iterator without return()", async () => {
  for (const more of [{}, { return: undefined }, { return: null }]) {
    await byHand({ next: () => assert.fail(), ...more }).return();
  }
});

Deno.test("StreamSource calls next() and return() as methods of the iterator", async () => {
  const seen: unknown[] = [];
  const iterator = {
    next(...args: unknown[]) {
      seen.push(this, args.length);
      return { done: false, value: 1 };
    },
    return(...args: unknown[]) {
      seen.push(this, args.length);
    },
  };
  const items = byHand(iterator);
  assert.equal(await items.next(), "1");
  await items.return();
  assert.deepEqual(seen, [iterator, 0, iterator, 0]);
});

Deno.test("StreamSource does not call an iterator that has ended", async () => {
  for (
    const next of [
      () => Promise.resolve({ done: true, value: undefined }),
      () => Promise.reject(new Error("no")),
    ]
  ) {
    const items = byHand({ next, return: () => assert.fail("returned") });
    await items.next().catch(() => {});
    await items.return();
  }
});

Deno.test("StreamSource ends an iterator once", async () => {
  let ended = 0;
  const items = byHand({
    next: () => Promise.resolve({ done: false, value: 1 }),
    return: () => ended++,
  });
  await Promise.all([items.return(), items.return()]);
  assert.equal(ended, 1);
});
