import assert from "node:assert/strict";
import { z } from "zod";
import { type Issue } from "../../common/issues.ts";
import { type JsonObject } from "../../common/json.ts";
import { type RequestError } from "../../protocol/request_error.ts";
import { refuseData } from "../../server/validate.ts";
import { check, type Schema } from "../../contract/schema.ts";
import { schemaOf } from "../support/schemas.ts";

/** The refusal of data by a schema that says at once what is wrong with it. */
function refuse(schema: Schema, value: JsonObject): RequestError {
  const checked = check(schema, value);
  assert(!(checked instanceof Promise) && checked.issues !== undefined);
  return refuseData(checked.issues, value, schema);
}

/** What a refusal says of types where something is wrong at one place. */
function typesAt(path: Issue["path"], value: JsonObject, schema: Schema) {
  const issues = [{ path, message: "no" }];
  const { current, needed } = refuseData(issues, value, schema).data ?? {};
  return { current, needed };
}

/** A schema whose library says this of what it takes. */
function describedAs(input: unknown): Schema {
  return schemaOf((value) => ({ value }), {
    jsonSchema: { input: () => input },
  });
}

const UNSAID = { current: "dict", needed: "dict" };

Deno.test("refuseData() says the types of the first issue", () => {
  const schema = z.object({ a: z.string(), b: z.boolean() });
  const { data } = refuse(schema, { a: 1.5, b: "x" });
  assert.deepEqual([data?.current, data?.needed], ["float", "str"]);
});

/** What is needed and what there is, with what these are called. */
const TYPES: readonly (readonly [
  needed: z.ZodType,
  value: JsonObject[string],
  current: string | null,
  name: unknown,
])[] = [
  [z.string(), 5, "int", "str"],
  [z.int(), "x", "str", "int"],
  [z.number(), true, "bool", ["int", "float"]],
  [z.boolean(), 1.5, "float", "bool"],
  [z.array(z.string()), {}, "dict", "list"],
  [z.object({}), [], "list", "dict"],
  [z.null(), 0, "int", "None"],
  [z.string(), null, null, "str"],
  [z.string(), undefined, null, "str"],
  [z.iso.date(), "x", "str", "str"],
];

for (const [needed, value, current, name] of TYPES) {
  Deno.test(`refuseData() says that ${JSON.stringify(value)} is ${current} and that ${JSON.stringify(name)} is needed`, () => {
    const { data } = refuse(z.object({ a: needed }), { a: value });
    assert.deepEqual([data?.current, data?.needed], [current, name]);
  });
}

Deno.test("refuseData() finds types in arrays and objects in one another", () => {
  const { data } = refuse(
    z.object({ a: z.array(z.array(z.object({ b: z.int() }))) }),
    { a: [[], [{ b: 1 }, { b: [] }]] },
  );
  assert.deepEqual([data?.current, data?.needed], ["list", "int"]);
});

for (
  const [what, schema, path] of [
    ["a schema with a choice", z.object({ n: z.int().nullable() }), ["n"]],
    ["a type without a name", z.object({ n: z.date() }), ["n"]],
    ["a key that the schema does not have", z.object({}), ["n"]],
    ["a key in what is no object", z.object({ n: z.int() }), ["n", "a"]],
    ["an index in what is no array", z.object({ n: z.int() }), ["n", 0]],
    ["a record", z.record(z.string(), z.int()), ["n"]],
    ["__proto__", z.object({ n: z.int() }), ["__proto__"]],
    ["what __proto__ has", z.object({ n: z.int() }), ["__proto__", "n"]],
    ["constructor", z.object({ n: z.int() }), ["constructor"]],
    ["toString", z.object({ n: z.int() }), ["toString", "name"]],
    ["no library", schemaOf((value) => ({ value })), ["n"]],
    ["what is no JSON Schema", describedAs(7), ["n"]],
    ["an empty JSON Schema", describedAs({}), ["n"]],
    ["no types at all", describedAs({ properties: { n: {} } }), ["n"]],
    ["unknown types", describedAs({ properties: { n: { type: "x" } } }), ["n"]],
    ["__proto__ as a type", describedAs({ type: "__proto__" }), []],
    ["odd types", describedAs({ properties: { n: { type: [7, {}] } } }), [
      "n",
    ]],
    ["odd properties", describedAs({ properties: [{ type: "null" }] }), [0]],
    ["no properties", describedAs({ properties: null }), ["n"]],
    ["odd items", describedAs({ items: [{ type: "null" }] }), [0, 0]],
  ] as const
) {
  Deno.test(`refuseData() does not say types of ${what}`, () => {
    const value = JSON.parse('{"n":{"n":1},"__proto__":{"n":1}}');
    assert.deepEqual(typesAt(path, value, schema), UNSAID);
  });
}

Deno.test("refuseData() says several types where the JSON Schema has several", () => {
  const types = ["string", "null", "number"];
  const schema = describedAs({
    type: types,
    properties: { n: { type: types } },
  });
  const needed = ["str", "None", "int", "float"];
  assert.deepEqual(typesAt([], {}, schema), { current: "dict", needed });
  assert.deepEqual(typesAt(["n"], { n: [] }, schema), {
    current: "list",
    needed,
  });
});

Deno.test("refuseData() says nothing of what an object only inherits", () => {
  const schema = describedAs({
    properties: { toString: { type: "string" }, n: { type: "string" } },
  });
  assert.deepEqual(typesAt(["toString"], {}, schema), {
    current: null,
    needed: "str",
  });
});

Deno.test("refuseData() finds nothing in what is no object, though its schema has one there", () => {
  const inner = { properties: { length: { type: "string" } } };
  const schema = describedAs({ properties: { n: inner } });
  for (const n of [null, undefined, "text", 7, true, {}]) {
    assert.deepEqual(typesAt(["n", "length"], { n }, schema), {
      current: null,
      needed: "str",
    });
  }
  const list = describedAs({ items: { type: "string" } });
  assert.deepEqual(typesAt([0], { 1: "x" }, list), {
    current: null,
    needed: "str",
  });
});

Deno.test("refuseData() asks a library once what a schema needs, whatever it says", () => {
  for (const answer of [{ type: "object" }, null, new Error("cannot")]) {
    let asked = 0;
    const schema = schemaOf((value) => ({ value }), {
      jsonSchema: {
        input: () => {
          asked++;
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
    });
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(typesAt([], {}, schema), UNSAID);
    }
    assert.equal(asked, 1);
  }
});

Deno.test("refuseData() does not take one schema for another", () => {
  const text = describedAs({ type: "string" });
  const list = describedAs({ type: "array" });
  for (const _ of [1, 2]) {
    assert.equal(typesAt([], {}, text).needed, "str");
    assert.equal(typesAt([], {}, list).needed, "list");
  }
});
