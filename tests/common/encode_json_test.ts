/** Tests of `common/encode_json.ts`. */

import assert from "node:assert/strict";
import {
  describeChange as findChange,
  stringifyData,
  stringifyValue,
} from "../../common/encode_json.ts";

const WRONG_DATA =
  'Cannot send message "hi": its data must be a JSON object. Wrap the value in an object, for example { value }.';
const NOT_ENCODABLE =
  'Cannot send message "hi": its data cannot be encoded as JSON: ';

function makeCycle(): Record<string, unknown> {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  return cycle;
}

for (
  const [value, text] of [
    [undefined, "null"],
    [null, "null"],
    [false, "false"],
    [0, "0"],
    ["", '""'],
    ["\ud800", '"\\ud800"'],
    [[1, null], "[1,null]"],
    [{ a: undefined, b: { c: [] } }, '{"b":{"c":[]}}'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [JSON.parse('{"__proto__": {"a": 1}}'), '{"__proto__":{"a":1}}'],
  ] as const
) {
  Deno.test(`stringifyValue() encodes ${Deno.inspect(value)} as ${text}`, () => {
    assert.equal(stringifyValue(value), text);
  });
}

for (const value of [() => {}, Symbol(), { toJSON: () => undefined }]) {
  Deno.test(`stringifyValue() rejects ${Deno.inspect(value)}`, () => {
    assert.throws(() => stringifyValue(value), {
      name: "TypeError",
      message:
        `the result of the handler cannot be encoded as JSON: it is of type ${typeof value}`,
    });
  });
}

Deno.test("stringifyValue() rejects values that JSON changes, and names their places", () => {
  const prefix = "cannot be encoded as JSON:";
  assert.throws(() => stringifyValue({ rows: [1, new Map()] }), {
    name: "TypeError",
    message:
      `the result of the handler ${prefix} result.rows[1] is a Map. Use Object.fromEntries(map).`,
  });
  assert.throws(() => stringifyValue(NaN, "item"), {
    message:
      `the item of the stream ${prefix} item is NaN. Use null or a string.`,
  });
});

Deno.test("stringifyData() rejects values that JSON changes, and names their places", () => {
  for (
    const [data, reason] of [
      [{ user: Promise.resolve(1) }, "data.user is a Promise. Await it."],
      [new Map(), "data is a Map. Use Object.fromEntries(map)."],
    ] as const
  ) {
    assert.throws(() => stringifyData(data, () => 'message "hi"'), {
      name: "TypeError",
      message: NOT_ENCODABLE + reason,
    });
  }
});

for (const encode of [stringifyValue, stringifyData]) {
  Deno.test(`${encode.name}() rejects data whose nesting overflows the stack`, () => {
    let data: unknown = {};
    for (let level = 0; level < 1_000_000; level++) data = { data };
    assert.throws(() => encode(data, (() => "x") as never), {
      name: "TypeError",
      message: /Maximum call stack size exceeded/,
    });
  });
}

Deno.test("stringifyValue() rejects a cycle and a bigint", () => {
  assert.throws(() => stringifyValue(makeCycle()), /^TypeError: .*circular/);
  assert.throws(() => stringifyValue(1n), /^TypeError: .*BigInt/);
});

for (
  const [data, text] of [
    [{}, "{}"],
    [{ a: 1, b: null, c: undefined }, '{"a":1,"b":null}'],
    [{ toJSON: () => ({ a: 1 }) }, '{"a":1}'],
    [JSON.parse('{"__proto__": 1}'), '{"__proto__":1}'],
  ] as const
) {
  Deno.test(`stringifyData() encodes ${Deno.inspect(data)} as ${text}`, () => {
    assert.equal(stringifyData(data, () => 'message "hi"'), text);
  });
}

for (
  const data of [
    undefined,
    null,
    1,
    "text",
    [],
    () => {},
    new Date(0),
    { toJSON: () => [] },
    { toJSON: () => "{" },
    { toJSON: () => undefined },
  ]
) {
  Deno.test(`stringifyData() rejects ${Deno.inspect(data)} because it is no JSON object`, () => {
    assert.throws(() => stringifyData(data, () => 'message "hi"'), {
      name: "TypeError",
      message: WRONG_DATA,
    });
  });
}

for (
  const [data, reason] of [
    [
      makeCycle(),
      "Converting circular structure to JSON: property 'self' closes the circle",
    ],
    [{ map: new Map() }, "data.map is a Map. Use Object.fromEntries(map)."],
    [{ number: NaN }, "data.number is NaN. Use null or a string."],
    [{ deep: [{ number: 1n }] }, "Do not know how to serialize a BigInt"],
  ] as const
) {
  Deno.test(`stringifyData() rejects ${Deno.inspect(data)} with one stack`, () => {
    assert.throws(
      () => stringifyData(data, () => 'message "hi"'),
      (error: Error) => {
        assert.equal(error.name, "TypeError");
        assert.equal(error.message, NOT_ENCODABLE + reason);
        // The log shows the stack of a cause, too.
        assert.equal(error.cause, undefined);
        return true;
      },
    );
  });
}

Deno.test("stringifyData() keeps the place in a method toJSON that calls JSON.stringify", () => {
  const data = { toJSON: () => JSON.stringify({ big: 1n }) };
  assert.throws(
    () => stringifyData(data, () => 'message "hi"'),
    ({ cause }: Error) => /toJSON/.test((cause as Error).stack!),
  );
});

Deno.test("stringifyData() refuses data whose method toJSON throws an error without a stack", () => {
  for (const stack of [5, [], undefined]) {
    const error = Object.assign(new TypeError("no"), { stack });
    const data = {
      toJSON: () => {
        throw error;
      },
    };
    assert.throws(() => stringifyData(data as never, () => "message"), {
      name: "TypeError",
      message: /its data cannot be encoded as JSON: no$/,
      cause: error,
    });
  }
});

Deno.test("stringifyData() refuses data whose method toJSON throws an error that cannot be read", () => {
  const fail = () => {
    throw new Error("a getter of the error");
  };
  const odd: readonly PropertyDescriptor[] = [
    { get: fail },
    { value: { toString: fail } },
    { value: Symbol("text") },
  ];
  for (const property of odd) {
    for (const key of ["message", "stack"]) {
      const error = Object.defineProperty(new TypeError("no"), key, property);
      const toJSON = () => {
        throw error;
      };
      const reason = key === "message" ? "a method toJSON threw" : "no";
      assert.throws(() => stringifyData({ toJSON }, () => "message"), {
        name: "TypeError",
        message:
          `Cannot send message: its data cannot be encoded as JSON: ${reason}`,
      });
    }
  }
});

Deno.test("stringifyData() keeps the error of a method toJSON as the cause", () => {
  const cause = new Error("no");
  const data = {
    toJSON() {
      throw cause;
    },
  };
  assert.throws(() => stringifyData(data, () => 'message "hi"'), {
    message: `${NOT_ENCODABLE}no`,
    cause,
  });
});

/** Returns what an error says about a value; `undefined` if JSON keeps it. */
function describeChange(value: unknown, name: string): string | undefined {
  return findChange(value, name)?.text;
}

class Table extends Map<string, number> {
  readonly name = "a key that JSON keeps";
}

class Query {
  readonly sql = "a key that JSON keeps";
  then(): void {}
}

class Row {
  readonly id = 1;
  readonly #secret = 2;
  get secret(): number {
    return this.#secret;
  }
}

class Tagged {
  readonly id = 1;
  readonly [Symbol.toStringTag] = "Tagged";
}

function* generate(): Generator<number> {
  yield 1;
}

/** An error with a key that JSON keeps */
const NOT_FOUND = Object.assign(new Error("not found"), { code: "ENOENT" });

const REFUSED: readonly (readonly [unknown, string])[] = [
  [NaN, "NaN. Use null or a string."],
  [Infinity, "Infinity. Use null or a string."],
  [-Infinity, "-Infinity. Use null or a string."],
  [-0, "-0. Add 0 to it, because JSON changes it to 0."],
  [new Map([["a", 1]]), "a Map. Use Object.fromEntries(map)."],
  [new Table(), "a Map. Use Object.fromEntries(map)."],
  [new Set([1]), "a Set. Use [...set]."],
  [new WeakMap(), "a WeakMap. Convert it to a plain object."],
  [new WeakSet(), "a WeakSet. Convert it to a plain object."],
  [
    new ArrayBuffer(2),
    "an ArrayBuffer. Use [...new Uint8Array(buffer)], or a string.",
  ],
  [
    new SharedArrayBuffer(2),
    "a SharedArrayBuffer. Convert it to a plain object.",
  ],
  [new Uint8Array(0), "a Uint8Array. Use [...bytes], or a string."],
  [new Uint8Array([1]), "a Uint8Array. Use [...bytes], or a string."],
  [new Float64Array([1]), "a Float64Array. Use [...bytes], or a string."],
  [
    new DataView(new ArrayBuffer(1)),
    "a DataView. Use [...bytes], or a string.",
  ],
  [new Error("x"), "an Error. Use error.message."],
  [NOT_FOUND, "an Error. Use error.message."],
  [new AggregateError([]), "an Error. Use error.message."],
  [new DOMException("x"), "a DOMException. Convert it to a plain object."],
  [/x/, "a RegExp. Use pattern.source."],
  [Promise.resolve(1), "a Promise. Await it."],
  [new Query(), "a Promise. Await it."],
  [new Response("x"), "a Response. Use await response.json()."],
  [new Request("http://localhost"), "a Request. Convert it to a plain object."],
  [new Headers(), "a Headers. Use Object.fromEntries(headers)."],
  [
    new URLSearchParams("a=1"),
    "a URLSearchParams. Use Object.fromEntries(parameters).",
  ],
  [new Blob(["x"]), "a Blob. Convert it to a plain object."],
  [new ReadableStream(), "a ReadableStream. Convert it to a plain object."],
  [generate(), "a Generator. Convert it to a plain object."],
  [new Map().keys(), "a Map Iterator. Convert it to a plain object."],
  [() => 1, "a function. Remove it."],
  [Row, "a function. Remove it."],
  [Symbol(), "a symbol. Remove it."],
];

for (const [value, expected] of REFUSED) {
  const kind = expected.split(". ", 1)[0];
  Deno.test(`describeChange() finds ${kind} in objects and in arrays`, () => {
    assert.equal(
      describeChange({ value }, "data"),
      `data.value is ${expected}`,
    );
    assert.equal(describeChange([value], "result"), `result[0] is ${expected}`);
    const deep = { rows: [{}, { "a b": [null, [value]] }] };
    assert.equal(
      describeChange(deep, "item"),
      `item.rows[1]["a b"][1][0] is ${expected}`,
    );
  });
}

Deno.test("describeChange() finds the value itself", () => {
  assert.match(describeChange(new Map(), "data") ?? "", /^data is a Map\. /);
  assert.match(describeChange(NaN, "result") ?? "", /^result is NaN\. /);
});

Deno.test("describeChange() finds undefined and holes in arrays, and accepts missing keys", () => {
  const expected = "data.list[1] is undefined. Use null in arrays.";
  assert.equal(describeChange({ list: [1, undefined] }, "data"), expected);
  // deno-lint-ignore no-sparse-arrays
  assert.equal(describeChange({ list: [1, , 3] }, "data"), expected);
  assert.equal(describeChange({ list: undefined }, "data"), undefined);
});

Deno.test("describeChange() finds a value in an object of a class", () => {
  const row = Object.assign(new Row(), { tags: new Set() });
  assert.match(
    describeChange([row], "result") ?? "",
    /^result\[0\]\.tags is a Set\. /,
  );
});

Deno.test("describeChange() shortens and escapes the path", () => {
  const value = { ["\x1b[2J\n".repeat(1_000)]: NaN };
  const change = describeChange(value, "data") ?? "";
  // deno-lint-ignore no-control-regex
  assert(change.length < 400 && !/[\x00-\x1f]/.test(change), change);
});

/** Converts itself */
class Money extends Map<string, number> {
  toJSON(): string {
    return "1 EUR";
  }
}

const inherited = Object.create({ method: () => 1, constructor: Object });

const ACCEPTED: Readonly<Record<string, unknown>> = {
  "null, booleans, numbers and strings": [
    null,
    true,
    0,
    -1.5,
    1e300,
    "",
    "NaN",
  ],
  "nested arrays and objects": { a: [[], {}, { b: { c: [1] } }] },
  "a key that is undefined": { a: undefined },
  "an object without a prototype": Object.assign(Object.create(null), { a: 1 }),
  "keys of the prototype": JSON.parse(
    '{"__proto__":1,"constructor":{},"then":1,"toJSON":2}',
  ),
  "inherited keys, which JSON omits": Object.assign(inherited, { a: 1 }),
  "a Date": [new Date(0), new Date(NaN)],
  "a URL": new URL("http://localhost"),
  "a class with toJSON": new Money(),
  "a plain object with toJSON": { toJSON: () => 1, map: new Map() },
  "an array with toJSON": Object.assign([NaN], { toJSON: () => 1 }),
  "an object of a class": new Row(),
  "an object of a class without keys": new (class Ping {})(),
  "an object of a class with a name for toString": new Tagged(),
  "boxed primitives": [new Number(1), new String("a"), new Boolean(false)],
  "symbols as keys": { [Symbol()]: new Map() },
};

Deno.test("describeChange() accepts a cycle that a method toJSON hides", () => {
  const parent: Record<string, unknown> = {};
  parent.child = { parent, toJSON: () => 1 };
  assert.equal(JSON.stringify(parent), '{"child":1}');
  assert.equal(describeChange(parent, "data"), undefined);
});

for (const [what, value] of Object.entries(ACCEPTED)) {
  Deno.test(`describeChange() accepts ${what}`, () => {
    assert.equal(describeChange(value, "data"), undefined);
    assert.equal(describeChange({ value }, "data"), undefined);
  });
}

Deno.test("describeChange() accepts a plain object of another realm", async () => {
  const { runInNewContext } = await import("node:vm");
  assert.equal(
    describeChange(runInNewContext("({ a: [{}] })"), "data"),
    undefined,
  );
});
