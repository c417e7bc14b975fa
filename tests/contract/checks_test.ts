/** Tests of `contract/checks.ts`. */

import assert from "node:assert/strict";
import {
  assertDefined,
  assertOperation,
  assertSchema,
} from "../../contract/checks.ts";
import { defineContract } from "../../contract/define.ts";
import {
  assertRefused,
  NO_OBJECTS,
  NO_SCHEMAS,
} from "../support/invalid_contracts.ts";
import { ACCEPT_ALL, LIBRARIES } from "../support/schemas.ts";

Deno.test("assertOperation() reports the subject and the place", () => {
  const check = (schemas: unknown) => () =>
    assertOperation('Cannot register operation "add"', "schemas", schemas);
  for (const schemas of [{}, { input: ACCEPT_ALL }, { yields: undefined }]) {
    check(schemas)();
  }
  for (const [value, shown] of NO_OBJECTS) {
    assertRefused(
      check(value),
      `Cannot register operation "add": 'schemas' must be an object. It is ${shown}.`,
    );
  }
  assertRefused(
    check({ inputs: ACCEPT_ALL }),
    `Cannot register operation "add": unknown option 'inputs' in 'schemas'. Did you mean 'input'?`,
  );
  assertRefused(
    check({ output: 1 }),
    `Cannot register operation "add": 'schemas.output' must be a Standard Schema, for example of zod, valibot or arktype. It is 1.`,
  );
  assertRefused(
    check({ output: ACCEPT_ALL, yields: ACCEPT_ALL }),
    `Cannot register operation "add": 'schemas' has both 'output' and 'yields'. Remove one: an operation returns one result or a stream of items.`,
  );
});

Deno.test("assertSchema() accepts the schemas of all libraries", () => {
  for (const schema of [...Object.values(LIBRARIES), ACCEPT_ALL]) {
    assertSchema("Cannot receive messages", "schema", schema);
  }
});

for (
  const [value, shown] of [...NO_SCHEMAS, [undefined, "undefined"]] as const
) {
  Deno.test(`assertSchema() rejects ${Deno.inspect(value)}`, () => {
    assertRefused(
      () => assertSchema("Cannot receive messages", "schema", value),
      `Cannot receive messages: 'schema' must be a Standard Schema, for example of zod, valibot or arktype. It is ${shown}.`,
    );
  });
}

Deno.test("assertDefined() accepts the result of defineContract() and undefined", () => {
  assertDefined("Cannot serve", undefined);
  assertDefined("Cannot serve", defineContract({}));
});

for (
  const [value, shown] of [
    ...NO_OBJECTS,
    [{}, "an object"],
    [{ messages: {}, events: {}, operations: {}, rooms: {} }, "an object"],
    [{ ...defineContract({}), rooms: undefined }, "an object"],
    [{ describe: "text" }, "an object"],
    [LIBRARIES.valibot, "an object"],
    [ACCEPT_ALL, "an object"],
  ] as const
) {
  Deno.test(`assertDefined() rejects ${Deno.inspect(value)}`, () => {
    assertRefused(
      () => assertDefined("Cannot serve", value),
      `Cannot serve: 'contract' must be the result of defineContract(). It is ${shown}.`,
    );
  });
}

// These schemas have a method `describe` as well.
for (const library of ["zod", "arktype"]) {
  Deno.test(`assertDefined() rejects a schema of ${library}`, () => {
    assert.throws(() => assertDefined("Cannot serve", LIBRARIES[library]), {
      name: "TypeError",
      message:
        /^Cannot serve: 'contract' must be the result of defineContract\(\)\. /,
    });
  });
}
