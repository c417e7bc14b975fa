/** Tests of `contract/schema.ts`. */

import assert from "node:assert/strict";
import { isSchema } from "../../contract/schema.ts";
import { HOSTILE, REVOKED } from "../support/attacks.ts";
import { ACCEPT_ALL, LIBRARIES } from "../support/schemas.ts";

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
  Deno.test(`isSchema() accepts a schema of ${what}`, () =>
    assert(isSchema(schema)));
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
  Deno.test(`isSchema() rejects ${Deno.inspect(value)}`, () => {
    assert(!isSchema(value));
  });
}

Deno.test("isSchema() throws for values that throw", () => {
  for (const value of [HOSTILE, REVOKED, { "~standard": HOSTILE }]) {
    assert.throws(() => isSchema(value));
  }
});
