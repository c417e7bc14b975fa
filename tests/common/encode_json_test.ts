/** Tests of `common/encode_json.ts`. */

import assert from "node:assert/strict";
import { stringifyData, stringifyValue } from "../../common/encode_json.ts";

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
    [makeCycle(), "Converting circular structure to JSON"],
    [{ deep: [{ number: 1n }] }, "Do not know how to serialize a BigInt"],
  ] as const
) {
  Deno.test(`stringifyData() rejects ${Deno.inspect(data)} and keeps the cause`, () => {
    assert.throws(
      () => stringifyData(data, () => 'message "hi"'),
      (error: Error) => {
        assert.equal(error.name, "TypeError");
        assert.equal(error.message, NOT_ENCODABLE + reason);
        assert(error.cause instanceof TypeError);
        return true;
      },
    );
  });
}

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
