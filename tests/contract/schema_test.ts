import assert from "node:assert/strict";
import * as v from "valibot";
import { z } from "zod";
import { check, isSchema, type Schema } from "../../contract/schema.ts";
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

/** What a schema finds in a value, which it has to say at once. */
function issuesIn(schema: Schema, value: unknown) {
  const checked = check(schema, value);
  assert(!(checked instanceof Promise));
  assert(checked.issues !== undefined);
  assert.equal(checked.value, undefined);
  return checked.issues;
}

const SCHEMAS: Readonly<Record<string, unknown>> = {
  ...LIBRARIES,
  "no library": ACCEPT_ALL,
  "a function": Object.assign(() => {}, ACCEPT_ALL),
  "a class": new (class {
    get "~standard"() {
      return ACCEPT_ALL["~standard"];
    }
  })(),
};

for (const [what, schema] of Object.entries(SCHEMAS)) {
  Deno.test(`a schema of ${what} is one`, () => assert(isSchema(schema)));
}

for (
  const value of [
    undefined,
    null,
    true,
    1,
    "~standard",
    Symbol("~standard"),
    {},
    [],
    () => {},
    { validate: () => {} },
    { "~standard": undefined },
    { "~standard": null },
    { "~standard": {} },
    { "~standard": () => {} },
    { "~standard": { validate: true } },
    { "~standard": { validate: null } },
    { data: ACCEPT_ALL },
    { _def: {}, parse: () => {} },
  ]
) {
  Deno.test(`${Deno.inspect(value)} is no schema`, () => {
    assert(!isSchema(value));
  });
}

Deno.test("what cannot be looked at is not taken for a schema", () => {
  for (const value of [HOSTILE, REVOKED, { "~standard": HOSTILE }]) {
    assert.throws(() => isSchema(value));
  }
});

for (const [library, schema] of Object.entries(LIBRARIES)) {
  Deno.test(`check() says at once what fits a schema of ${library}`, () => {
    assert.deepEqual(check(schema, VALID_DATA), { value: VALID_DATA });
  });

  Deno.test(`check() says at once what does not fit a schema of ${library}, and where`, () => {
    const issues = issuesIn(schema, INVALID_DATA);
    assert.deepEqual(issues.map(({ path }) => [...path]), [[
      "rows",
      1,
      "name",
    ]]);
    assert.match(issues[0]!.message, /string/);
    assert.deepEqual(Object.keys(issues[0]!), ["path", "message"]);
  });

  Deno.test(`check() tells all that does not fit a schema of ${library}, up to 16`, () => {
    const several = { n: "x", rows: [{ name: 1 }, { name: 2 }] };
    assert.equal(issuesIn(schema, several).length, 3);
    const rows = Array.from({ length: 30 }, (_, name) => ({ name }));
    assert.equal(issuesIn(schema, { n: 1, rows }).length, 16);
  });

  for (const value of [undefined, null, 1, "text", [], () => {}, new Map()]) {
    Deno.test(`check() refuses ${Deno.inspect(value)} by a schema of ${library}`, () => {
      assert(issuesIn(schema, value).length > 0);
    });
  }
}

for (const library of ["zod", "valibot"]) {
  Deno.test(`check() has no path for what is wrong with a value as a whole, by ${library}`, () => {
    const issues = issuesIn(LIBRARIES[library]!, 7);
    assert.deepEqual(issues.map(({ path }) => path), [[]]);
  });
}

for (const [library, schema] of Object.entries(ASYNC_SCHEMAS)) {
  Deno.test(`check() waits for a schema of ${library} that has to wait`, async () => {
    const fitting = check(schema, { n: 1 });
    assert(fitting instanceof Promise);
    assert.deepEqual(await fitting, { value: { n: 1 } });
    const { issues, value } = await check(schema, { n: 0 });
    assert.deepEqual(issues?.map(({ path }) => path), [["n"]]);
    assert.equal(value, undefined);
  });
}

Deno.test("check() gives what a schema made of the value, not the value", () => {
  const trimmed = z.object({
    name: z.string().trim(),
    n: z.number().default(7),
  });
  assert.deepEqual(check(trimmed, { name: " a ", more: 1 }), {
    value: { name: "a", n: 7 },
  });
  for (const made of [undefined, null, 0, "", false]) {
    assert.deepEqual(check(schemaOf(() => ({ value: made })), 1), {
      value: made,
    });
  }
});

Deno.test("check() gives no value along with issues, as valibot does", () => {
  const schema = v.object({ name: v.pipe(v.string(), v.minLength(3)) });
  const result = schema["~standard"].validate({ name: "a" });
  assert("value" in result && "issues" in result);
  const checked = check(schema, { name: "a" });
  assert.deepEqual(Object.keys(checked), ["issues"]);
  assert.deepEqual(issuesIn(schema, { name: "a" })[0]?.path, ["name"]);
});

Deno.test("check() takes issues for a refusal though there are none of them", () => {
  assert.deepEqual(issuesIn(schemaOf(() => ({ value: 1, issues: [] })), 1), []);
});

Deno.test("check() asks a schema once, as its method, and with the value alone", () => {
  const calls: unknown[][] = [];
  const schema = schemaOf(function (this: unknown, ...args: unknown[]) {
    calls.push([this, ...args]);
    return { value: 1 };
  });
  const value = {};
  check(schema, value);
  assert.equal(calls.length, 1);
  assert.equal(calls[0]?.length, 2);
  assert.equal(calls[0]?.[0], schema["~standard"]);
  assert.equal(calls[0]?.[1], value);
});

Deno.test("check() fails with what a schema throws, whatever it is", () => {
  for (const thrown of [new Error("broken"), undefined, "text", HOSTILE]) {
    const schema = schemaOf(() => {
      throw thrown;
    });
    let caught: unknown = "nothing";
    try {
      check(schema, 1);
    } catch (error) {
      caught = error;
    }
    // At once, and no assertion could show it.
    assert(caught === thrown);
  }
});

Deno.test("check() fails with what the promise of a schema rejects with", async () => {
  const error = new Error("broken");
  const checked = check(schemaOf(() => Promise.reject(error)), 1);
  assert(checked instanceof Promise);
  await assert.rejects(checked, (thrown) => thrown === error);
});

const RUBBISH = [
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

for (const result of RUBBISH) {
  Deno.test(`check() lets nothing through if a schema returns ${Deno.inspect(result)}`, async () => {
    assert.throws(() => check(schemaOf(() => result), 1), TypeError);
    const later = schemaOf(() => Promise.resolve(result));
    await assert.rejects(async () => await check(later, 1), TypeError);
  });
}

Deno.test("check() lets nothing through if what a schema returns cannot be looked at", async () => {
  const results = [HOSTILE, REVOKED, { issues: HOSTILE }, { issues: REVOKED }];
  for (const result of results) {
    assert.throws(() => check(schemaOf(() => result), 1));
  }
  // A promise would resolve to these only after a look at their `then`.
  for (const result of results.slice(2)) {
    const later = schemaOf(() => Promise.resolve(result));
    await assert.rejects(async () => await check(later, 1));
  }
});

Deno.test("check() cuts what a schema says", () => {
  const path = [{ key: "\x1b" }, "k".repeat(200), Symbol("s")];
  const issues = [{ message: "\n".repeat(400), path, input: "secret" }];
  assert.deepEqual(issuesIn(schemaOf(() => ({ issues })), 1), [{
    path: ["\x1b", `${"k".repeat(100)}…`, "Symbol(s)"],
    message: `${"\n".repeat(300)}…`,
  }]);
});

Deno.test("a schema may be asked again while it waits", async () => {
  const gates: ((result: unknown) => void)[] = [];
  const schema = schemaOf(() => new Promise((resolve) => gates.push(resolve)));
  const checks = [check(schema, 1), check(schema, 2)];
  gates[1]?.({ value: "second" });
  gates[0]?.({ issues: [{ message: "first" }] });
  assert.deepEqual(await Promise.all(checks), [
    { issues: [{ path: [], message: "first" }] },
    { value: "second" },
  ]);
  const [fails, fits] = [REJECT_ALL, ACCEPT_ALL].map((schema) =>
    check(schema, 3)
  );
  assert.deepEqual([fails, fits], [
    { issues: [{ path: ["n"], message: "no" }] },
    { value: 3 },
  ]);
});
