/** Tests of `common/json.ts`. */

import assert from "node:assert/strict";
import {
  isId,
  isJsonObject,
  stringifyData,
  stringifyValue,
} from "../../common/json.ts";

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
  const value of [
    {},
    { a: 1 },
    Object.create(null),
    JSON.parse('{"__proto__": null}'),
  ]
) {
  Deno.test(`isJsonObject() accepts ${JSON.stringify(value)}`, () => {
    assert.equal(isJsonObject(value), true);
  });
}

for (
  const value of [
    undefined,
    null,
    [],
    [{}],
    "",
    "{}",
    0,
    NaN,
    true,
    1n,
    Symbol(),
    () => {},
  ]
) {
  Deno.test(`isJsonObject() rejects ${Deno.inspect(value)}`, () => {
    assert.equal(isJsonObject(value), false);
  });
}

for (
  const [value, text] of [
    [undefined, "null"],
    [null, "null"],
    [false, "false"],
    [0, "0"],
    [NaN, "null"],
    ["", '""'],
    ["\ud800", '"\\ud800"'],
    [[1, undefined], "[1,null]"],
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

Deno.test("isId() accepts whole numbers of up to 53 bits", () => {
  for (const id of [0, -0, 1, -1, 2 ** 53 - 1, -(2 ** 53) + 1]) {
    assert.equal(isId(id), true);
  }
});

Deno.test("isId() rejects all other values", () => {
  const values = [
    1.5,
    NaN,
    Infinity,
    2 ** 53,
    -(2 ** 53),
    "1",
    true,
    null,
    undefined,
    [1],
    {},
    1n,
  ];
  for (const value of values) {
    assert.equal(isId(value), false, Deno.inspect(value));
  }
});
