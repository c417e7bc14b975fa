/** Tests of `server/request_size.ts`. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../common/json.ts";
import { isTooDeep, sizeOf } from "../../server/request_size.ts";

const FLAT = { a: 1 };
const DEEP = { a: { b: [] } };

for (const key of ["data", "items", "result", "anything"]) {
  Deno.test(`isTooDeep() measures the payload of a request under the key "${key}"`, () => {
    const request = (payload: unknown) => ({
      kind: "x",
      id: 1,
      [key]: payload,
    });
    assert(isTooDeep(request(DEEP), 2));
    assert(!isTooDeep(request(DEEP), 3));
    assert(!isTooDeep(request(FLAT), 1));
    assert(!isTooDeep(request(DEEP), Infinity));
  });
}

Deno.test("isTooDeep() measures each message of a chain of replies, and its length", () => {
  const wire = (data: object, replying: object | null = null) => ({
    ...{ message: "hi", data, id: 1, replying },
  });
  const request = (replying: object | null) => ({ data: FLAT, replying });
  assert(!isTooDeep(request(null), 1));
  assert(!isTooDeep(request(wire(FLAT)), 1));
  assert(isTooDeep(request(wire(FLAT, wire(FLAT))), 1));
  assert(!isTooDeep(request(wire(FLAT, wire(FLAT))), 2));
  assert(isTooDeep(request(wire(FLAT, wire(DEEP))), 2));
});

/** Returns an object with many keys. */
function manyEntries(name: (index: number) => string): JsonObject {
  return Object.fromEntries(
    Array.from({ length: 200 }, (_, index) => [name(index), index]),
  );
}

for (
  const [what, data] of [
    ["a string", { a: "x".repeat(1_000) }],
    ["a key", { ["x".repeat(1_000)]: 1 }],
    ["many numbers", { a: Array(500).fill(7) }],
    ["many objects", { a: Array(500).fill({}) }],
    ["many entries", manyEntries((index) => `key${index}`)],
  ] as const
) {
  Deno.test(`sizeOf() returns about the length of the JSON of ${what}`, () => {
    const size = sizeOf({ name: "", data });
    const { length } = JSON.stringify(data);
    assert(size >= 0.8 * length && size <= 1.6 * length, `${size}, ${length}`);
  });
}

Deno.test("sizeOf() measures the name of a request", () => {
  assert(sizeOf({ name: "x".repeat(1_000), data: {} }) >= 1_000);
});

Deno.test("sizeOf() measures every message of a chain of replies", () => {
  const data = { a: "x".repeat(1_000) };
  const first = { message: "a", id: 1, data, replying: null };
  const replying = { ...first, replying: first };
  assert(sizeOf({ name: "a", data, replying }) > 3_000);
});

Deno.test("sizeOf() measures data that is nested 100,000 levels deep", () => {
  const depth = 100_000;
  const data = JSON.parse("[".repeat(depth) + "]".repeat(depth));
  assert(sizeOf({ name: "a", data: { a: data } }) >= 2 * depth);
});

Deno.test("sizeOf() counts keys that are indexes as if they were longer", () => {
  const data = manyEntries((index) => `${index + 100}`);
  const named = manyEntries((index) => `k${index + 10}`);
  const size = sizeOf({ name: "a", data });
  assert(size > 1.5 * sizeOf({ name: "a", data: named }));
});
