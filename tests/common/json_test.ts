/** Tests of `common/json.ts`. */

import assert from "node:assert/strict";
import {
  clearMinusZeros,
  escapeDigits,
  isId,
  isJsonObject,
} from "../../common/json.ts";

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

Deno.test("clearMinusZeros() replaces -0 everywhere in a value, and nothing else", () => {
  const text =
    '{"a":-0,"__proto__":{"b":[-0.0,-1,"-0",null,[-0]]},"c":-0e5,"d":0}';
  const value = JSON.parse(text);
  clearMinusZeros(value);
  assert.deepEqual(
    value,
    JSON.parse('{"a":0,"__proto__":{"b":[0,-1,"-0",null,[0]]},"c":0,"d":0}'),
  );
  assert(Object.hasOwn(value, "__proto__"));
  for (const simple of [-0, null, "-0", true]) clearMinusZeros(simple);
});

Deno.test("clearMinusZeros() accepts any nesting", () => {
  const depth = 100_000;
  clearMinusZeros(JSON.parse("[".repeat(depth) + "-0" + "]".repeat(depth)));
});

Deno.test("escapeDigits() changes no value", () => {
  const strings = ["1", "123", "1234", "000012345", "123456789", "1234567890"];
  const others = [
    '"',
    '"12345',
    '12345"',
    '\\"12345"',
    "12345\\",
    "é12345",
    "",
  ];
  const value = {
    strings,
    others,
    pairs: strings.map((digits) => ({ [digits]: digits, [`${digits}"`]: 1 })),
    nested: JSON.stringify({ strings, others }),
  };
  const json = JSON.stringify(value);
  assert.deepEqual(JSON.parse(escapeDigits(json)), value);
  const spaced = JSON.stringify(value, null, 2);
  assert.deepEqual(JSON.parse(escapeDigits(spaced)), value);
});

Deno.test("escapeDigits() escapes every string of four to nine digits", () => {
  assert.equal(
    escapeDigits('["1234","123456789","123",123456,"1234567890"]'),
    '["\\u0031234","\\u003123456789","123",123456,"1234567890"]',
  );
});

Deno.test("escapeDigits() leaves invalid JSON invalid", () => {
  for (const text of ['"a"12345"b"', '"12345', '12345"', '{"12345"}']) {
    assert.throws(() => JSON.parse(escapeDigits(text)), SyntaxError);
  }
});
