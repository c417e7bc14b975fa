import assert from "node:assert/strict";
import { z } from "zod";
import { skeletonOf, skeletonText } from "../../dashboard/skeleton.ts";
import { defineContract } from "../../server.ts";

for (
  const [what, input, expected] of [
    ["two types", z.object({ s: z.string(), n: z.number() }), { s: "", n: 0 }],
    ["an integer", z.object({ n: z.int() }), { n: 0 }],
    ["a minimum", z.object({ n: z.int().min(3) }), { n: 3 }],
    ["an optional field", z.object({ n: z.number().optional() }), {}],
    ["a default", z.object({ n: z.number().default(5) }), {}],
    ["an enumeration", z.object({ of: z.enum(["b", "a"]) }), { of: "b" }],
    ["an array", z.object({ rows: z.array(z.string()) }), { rows: [] }],
    ["an object", z.object({ at: z.object({ x: z.number() }) }), {
      at: { x: 0 },
    }],
    ["a union", z.object({ v: z.union([z.object({}), z.int()]) }), { v: {} }],
    ["several types", z.object({ v: z.string().nullable() }), { v: "" }],
    ["a constant", z.object({ v: z.literal("a") }), { v: "a" }],
    ["null", z.object({ v: z.null() }), { v: null }],
    ["any keys", z.record(z.string(), z.number()), {}],
  ] as const
) {
  Deno.test(`skeletonOf() returns data for ${what}`, () => {
    const contract = defineContract({ operations: { call: { input } } });
    const { call } = contract.describe().operations;
    assert.deepEqual(skeletonOf(call!.input), expected);
  });
}

for (
  const schema of [
    ...[null, undefined, true, "text", [], {}],
    ...[{ type: "string" }, { type: "object", required: "a" }],
    ...[{ enum: [] }, { anyOf: [] }, { type: [] }],
    { type: "object", properties: 1, required: ["a"] },
    { type: "constructor", minimum: {} },
  ]
) {
  Deno.test(`skeletonOf() returns {} for ${JSON.stringify(schema)}`, () => {
    assert.deepEqual(skeletonOf(schema), {});
  });
}

Deno.test("skeletonOf() ends for a schema that is nested deeply", () => {
  let schema: object = { type: "string" };
  for (let depth = 0; depth < 10; depth++) {
    schema = { type: "object", properties: { a: schema }, required: ["a"] };
  }
  assert.deepEqual(skeletonOf(schema), { a: { a: { a: { a: null } } } });
});

Deno.test("skeletonText() escapes invisible characters, and is JSON", () => {
  const input = { enum: ["\u202e"] };
  const properties = { a: input };
  const text = skeletonText({ type: "object", properties, required: ["a"] });
  assert.equal(text, '{\n  "a": "\\u202e"\n}');
});
