/** Tests of `common/json.ts`. */

import assert from "node:assert/strict";
import { clearMinusZeros, isId, isJsonObject } from "../../common/json.ts";

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
