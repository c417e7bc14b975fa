/** Tests of `common/json.ts`. */

import assert from "node:assert/strict";
import { isId, isJsonObject } from "../../common/json.ts";

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
