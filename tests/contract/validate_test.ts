/** Tests of `contract/validate.ts`. */

import assert from "node:assert/strict";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import type { Schema } from "../../contract/schema.ts";
import { validate } from "../../contract/validate.ts";
import { HOSTILE, REVOKED } from "../support/attacks.ts";
import {
  ACCEPT_ALL,
  ASYNC_SCHEMAS,
  INVALID_DATA,
  LIBRARIES,
  REJECT_ALL,
  schemaOf,
  VALID_DATA,
} from "../support/schemas.ts";

/** Returns the issues that a synchronous schema finds. */
function issuesIn(schema: Schema, value: unknown) {
  const checked = validate(schema, value);
  assert(!(checked instanceof Promise));
  assert(checked.issues !== undefined);
  assert.equal(checked.value, undefined);
  return checked.issues;
}

for (const [library, schema] of Object.entries(LIBRARIES)) {
  Deno.test(`validate() returns the value of a synchronous schema of ${library}`, () => {
    assert.deepEqual(validate(schema, VALID_DATA), { value: VALID_DATA });
  });

  Deno.test(`validate() returns the issues of a synchronous schema of ${library}`, () => {
    const issues = issuesIn(schema, INVALID_DATA);
    assert.deepEqual(issues.map(({ path }) => [...path]), [[
      "rows",
      1,
      "name",
    ]]);
    assert.match(issues[0]!.message, /string/);
    assert.deepEqual(Object.keys(issues[0]!), ["path", "message"]);
  });

  Deno.test(`validate() returns up to 16 issues of a schema of ${library}`, () => {
    const several = { n: "x", rows: [{ name: 1 }, { name: 2 }] };
    assert.equal(issuesIn(schema, several).length, 3);
    const rows = Array.from({ length: 30 }, (_, name) => ({ name }));
    assert.equal(issuesIn(schema, { n: 1, rows }).length, 16);
  });

  for (const value of [undefined, null, 1, "text", [], () => {}, new Map()]) {
    Deno.test(`validate() rejects ${Deno.inspect(value)} with a schema of ${library}`, () => {
      assert(issuesIn(schema, value).length > 0);
    });
  }
}

for (const library of ["zod", "valibot"]) {
  Deno.test(`validate() returns an empty path for the whole value with ${library}`, () => {
    const issues = issuesIn(LIBRARIES[library]!, 7);
    assert.deepEqual(issues.map(({ path }) => path), [[]]);
  });
}

for (const [library, schema] of Object.entries(ASYNC_SCHEMAS)) {
  Deno.test(`validate() awaits an asynchronous schema of ${library}`, async () => {
    const fitting = validate(schema, { n: 1 });
    assert(fitting instanceof Promise);
    assert.deepEqual(await fitting, { value: { n: 1 } });
    const { issues, value } = await validate(schema, { n: 0 });
    assert.deepEqual(issues?.map(({ path }) => path), [["n"]]);
    assert.equal(value, undefined);
  });
}

Deno.test("validate() returns the output of the schema", () => {
  const trimmed = z.object({
    name: z.string().trim(),
    n: z.number().default(7),
  });
  assert.deepEqual(validate(trimmed, { name: " a ", more: 1 }), {
    value: { name: "a", n: 7 },
  });
  for (const made of [undefined, null, 0, "", false]) {
    assert.deepEqual(validate(schemaOf(() => ({ value: made })), 1), {
      value: made,
    });
  }
});

Deno.test("validate() omits the value that valibot returns with issues", () => {
  const schema = v.object({ name: v.pipe(v.string(), v.minLength(3)) });
  const result = schema["~standard"].validate({ name: "a" });
  assert("value" in result && "issues" in result);
  const checked = validate(schema, { name: "a" });
  assert.deepEqual(Object.keys(checked), ["issues"]);
  assert.deepEqual(issuesIn(schema, { name: "a" })[0]?.path, ["name"]);
});

Deno.test("validate() treats an empty array of issues as invalid", () => {
  assert.deepEqual(issuesIn(schemaOf(() => ({ value: 1, issues: [] })), 1), []);
});

Deno.test("validate() calls the schema once, with its receiver and one argument", () => {
  const calls: unknown[][] = [];
  const schema = schemaOf(function (this: unknown, ...args: unknown[]) {
    calls.push([this, ...args]);
    return { value: 1 };
  });
  const value = {};
  validate(schema, value);
  assert.equal(calls.length, 1);
  assert.equal(calls[0]?.length, 2);
  assert.equal(calls[0]?.[0], schema["~standard"]);
  assert.equal(calls[0]?.[1], value);
});

Deno.test("validate() throws any value that a schema throws", () => {
  for (const thrown of [new Error("broken"), undefined, "text", HOSTILE]) {
    const schema = schemaOf(() => {
      throw thrown;
    });
    let caught: unknown = "nothing";
    try {
      validate(schema, 1);
    } catch (error) {
      caught = error;
    }
    // A comparison, because an assertion cannot display these values.
    assert(caught === thrown);
  }
});

Deno.test("validate() rejects with the error of an asynchronous schema", async () => {
  const error = new Error("broken");
  const checked = validate(schemaOf(() => Promise.reject(error)), 1);
  assert(checked instanceof Promise);
  await assert.rejects(checked, (thrown) => thrown === error);
});

const INVALID_RESULTS = [
  undefined,
  null,
  { issues: null },
  { issues: 1 },
  { issues: true },
  { issues: "text" },
  { issues: {} },
  { issues: { length: 1, 0: { message: "no" } } },
  { issues: [null] },
  { issues: [{ message: "no", path: [null] }] },
  { value: 1, issues: null },
  { value: 1, issues: [1, undefined] },
];

for (const result of INVALID_RESULTS) {
  Deno.test(`validate() throws if a schema returns ${Deno.inspect(result)}`, async () => {
    assert.throws(() => validate(schemaOf(() => result), 1), TypeError);
    const later = schemaOf(() => Promise.resolve(result));
    await assert.rejects(async () => await validate(later, 1), TypeError);
  });
}

Deno.test("validate() throws if the result of a schema throws", async () => {
  const results = [HOSTILE, REVOKED, { issues: HOSTILE }, { issues: REVOKED }];
  for (const result of results) {
    assert.throws(() => validate(schemaOf(() => result), 1));
  }
  // The others have a getter `then`, which a promise calls.
  for (const result of results.slice(2)) {
    const later = schemaOf(() => Promise.resolve(result));
    await assert.rejects(async () => await validate(later, 1));
  }
});

Deno.test("validate() shortens the issues of a schema", () => {
  const path = [{ key: "\x1b" }, "k".repeat(200), Symbol("s")];
  const issues = [{ message: "\n".repeat(400), path, input: "secret" }];
  assert.deepEqual(issuesIn(schemaOf(() => ({ issues })), 1), [{
    path: ["\x1b", `${"k".repeat(100)}…`, "Symbol(s)"],
    message: `${"\n".repeat(300)}…`,
  }]);
});

Deno.test("validate() can run the same schema twice at a time", async () => {
  const gates: ((result: unknown) => void)[] = [];
  const schema = schemaOf(() => new Promise((resolve) => gates.push(resolve)));
  const checks = [validate(schema, 1), validate(schema, 2)];
  gates[1]?.({ value: "second" });
  gates[0]?.({ issues: [{ message: "first" }] });
  assert.deepEqual(await Promise.all(checks), [
    { issues: [{ path: [], message: "first" }] },
    { value: "second" },
  ]);
  const [fails, fits] = [REJECT_ALL, ACCEPT_ALL].map((schema) =>
    validate(schema, 3)
  );
  assert.deepEqual([fails, fits], [
    { issues: [{ path: ["n"], message: "no" }] },
    { value: 3 },
  ]);
});

Deno.test("validate() returns an empty path for the whole value with arktype", () => {
  const schema = LIBRARIES.arktype!;
  const issues = issuesIn(schema, 7);
  assert.deepEqual(issues.map(({ path }) => [...path]), [[]]);
});

Deno.test("validate() converts the path of arktype into a plain array", () => {
  const [issue] = issuesIn(LIBRARIES.arktype!, INVALID_DATA);
  assert.deepEqual(issue?.path, ["rows", 1, "name"]);
});

Deno.test("validate() returns an empty path for a condition of arktype", () => {
  const schema = type({ n: "number" })
    .narrow((_data, context) => context.mustBe("another"));
  assert.deepEqual(issuesIn(schema, { n: 1 }).map(({ path }) => [...path]), [
    [],
  ]);
});

Deno.test("validate() awaits any object with a method then", async () => {
  const then = (resolve: (result: unknown) => void) =>
    resolve({ issues: [{ message: "no", path: ["n"] }] });
  const schema = schemaOf(() => ({ then }));
  const { issues } = await validate(schema, { n: 1 });
  assert.deepEqual(issues, [{ path: ["n"], message: "no" }]);
});

for (const result of [true, false, 0, 1, "", "text", {}, { valid: false }]) {
  Deno.test(`validate() throws if a schema returns ${JSON.stringify(result)}`, () => {
    assert.throws(() => validate(schemaOf(() => result), 1), TypeError);
  });
}
