/** Tests of `server/request_size.ts`. */

import assert from "node:assert/strict";
import { isTooDeep } from "../../server/request_size.ts";

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
