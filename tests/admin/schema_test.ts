import assert from "node:assert/strict";
import * as is from "../../admin/schema.ts";

/** Returns the path and the message of what is wrong; `undefined` if nothing is. */
function check(shape: is.Shape<never>, value: unknown): unknown {
  const { issues } = is.schemaOf(shape)["~standard"].validate(value) as {
    readonly issues?: readonly { readonly path?: unknown; message: string }[];
  };
  return issues && [issues[0]?.path, issues[0]?.message];
}

/** Shapes with values that match, and values that do not. */
const CASES: Readonly<
  Record<string, [is.Shape<unknown>, readonly unknown[], readonly unknown[]]>
> = {
  text: [is.text(3, 1), ["a", "abc"], ["", "abcd", 1, null, undefined]],
  anyText: [is.anyText, ["", "abcd"], [1, null, {}]],
  anyNumber: [is.anyNumber, [0, -1.5], ["1", NaN, Infinity, null]],
  integer: [is.integer(1, 3), [1, 3], [0, 4, 1.5, "1", NaN]],
  numberFrom: [is.numberFrom(0, 1), [0, 0.5, 1], [-0.1, 1.1, NaN, "1"]],
  flag: [is.flag, [true, false], [0, "true", null]],
  nothing: [is.nothing, [null], [undefined, 0, {}]],
  anyObject: [is.anyObject, [{}, { a: 1 }], [[], null, "a"]],
  oneOf: [is.oneOf("a", "b"), ["a", "b"], ["c", 1, null]],
  either: [is.either(is.flag, is.anyText), [true, "a"], [1, null]],
  orNull: [is.orNull(is.flag), [null, true], [undefined, 0]],
  arrayOf: [is.arrayOf(is.flag, 2), [[], [true, false]], [
    [1],
    [true, true, true],
    {},
    null,
  ]],
  recordOf: [is.recordOf(is.flag), [{}, { a: true }], [{ a: 1 }, [], null]],
};

for (const [name, [shape, valid, invalid]] of Object.entries(CASES)) {
  Deno.test(`${name} accepts what matches, and nothing else`, () => {
    for (const value of valid) {
      assert.equal(check(shape as is.Shape<never>, value), undefined);
    }
    for (const value of invalid) {
      assert.notEqual(check(shape as is.Shape<never>, value), undefined);
    }
  });
}

const PERSON = {
  name: is.text(3),
  tags: is.optional(is.arrayOf(is.object<{ a: number }>({ a: is.anyNumber }))),
};

Deno.test("an issue has the path of the wrong value", () => {
  const shape = is.object<object>(PERSON as never) as is.Shape<never>;
  assert.equal(check(shape, { name: "abc", other: 1 }), undefined);
  assert.equal(check(shape, { name: "abc", tags: [{ a: 1 }] }), undefined);
  assert.deepEqual(check(shape, { name: "abc", tags: [{ a: 1 }, { a: "" }] }), [
    ["tags", 1, "a"],
    "must be a number",
  ]);
  assert.deepEqual(check(shape, {}), [
    ["name"],
    "must be a string of 0 to 3 characters",
  ]);
});

Deno.test("the input of an admin has no unknown keys, and inherits none", () => {
  const shape = is.input<object>(PERSON as never) as is.Shape<never>;
  assert.equal(check(shape, { name: "abc" }), undefined);
  assert.deepEqual(check(shape, { name: "abc", nam: 1 }), [
    ["nam"],
    "is an unknown key",
  ]);
  assert.notEqual(check(shape, JSON.parse('{"__proto__":{}}')), undefined);
  assert.notEqual(check(shape, Object.create({ name: "abc" })), undefined);
});

Deno.test("a shape describes itself as JSON Schema", () => {
  const schema = is.schemaOf(is.input<object>(PERSON as never));
  const standard = schema["~standard"] as unknown as {
    readonly jsonSchema: { input(): unknown };
  };
  assert.deepEqual(standard.jsonSchema.input(), {
    type: "object",
    properties: {
      name: { type: "string", minLength: 0, maxLength: 3 },
      tags: {
        type: "array",
        items: {
          type: "object",
          properties: { a: { type: "number" } },
          required: ["a"],
        },
      },
    },
    required: ["name"],
    additionalProperties: false,
  });
});
