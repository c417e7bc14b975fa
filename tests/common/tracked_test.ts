import assert from "node:assert/strict";
import { isEventId, tracked, TrackedItem } from "../../common/tracked.ts";

const VALID = ["1", " ", "ö", "\0", "a".repeat(200), "ö".repeat(100), "😀"];

const INVALID = ["", "a".repeat(201), "ö".repeat(101), "😀".repeat(51)];

const NO_STRINGS = [undefined, null, 1, true, [], {}, ["1"], 1n, Symbol("1")];

const LONE_SURROGATES = ["\ud800", "a\udc00", "\udc00\ud800"];

for (const id of VALID) {
  Deno.test(`tracked() accepts the id ${Deno.inspect(id)}`, () => {
    const item = { n: 1 };
    const value = tracked(id, item);
    assert.equal(value.id, id);
    assert.equal(value.item, item);
    assert(TrackedItem.is(value));
    assert(isEventId(id));
  });
}

for (const id of INVALID) {
  Deno.test(`tracked() rejects the id ${Deno.inspect(id)}`, () => {
    assert.equal(isEventId(id), false);
    const bytes = new TextEncoder().encode(id).length;
    assert.throws(() => tracked(id, 1), {
      name: "RangeError",
      message:
        `Cannot track an item: its id must have 1 to 200 bytes. It has ${bytes}. Pass a shorter string, such as a number or a hash.`,
    });
  });
}

for (const id of NO_STRINGS) {
  Deno.test(`tracked() rejects the id ${Deno.inspect(id)}`, () => {
    assert.equal(isEventId(id), false);
    assert.throws(() => tracked(id as string, 1), {
      name: "TypeError",
      message: /^Cannot track an item: its id must be a string\. It is /,
    });
  });
}

for (const id of LONE_SURROGATES) {
  Deno.test(`tracked() rejects the id ${JSON.stringify(id)}`, () => {
    assert.equal(isEventId(id), false);
    assert.throws(() => tracked(id, 1), {
      name: "TypeError",
      message: /^Cannot track an item: its id has a lone surrogate\. /,
    });
  });
}

Deno.test("only the values of tracked() are tracked items", () => {
  const trap = new Proxy({}, {
    get: () => assert.fail("code of the value ran"),
    getPrototypeOf: () => assert.fail("code of the value ran"),
    has: () => assert.fail("code of the value ran"),
  });
  const like = { id: "1", item: 1, __proto__: TrackedItem.prototype };
  for (const value of [undefined, null, 1, "1", {}, [], like, trap]) {
    assert.equal(TrackedItem.is(value), false);
  }
});
