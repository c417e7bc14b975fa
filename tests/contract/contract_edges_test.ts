import assert from "node:assert/strict";
import { assertDefined } from "../../contract/define.ts";
import { Registry } from "../../server/registry.ts";
import { ACCEPT_ALL, LIBRARIES } from "../support/schemas.ts";

// They have a method named `describe`, too.
for (const library of ["zod", "arktype"]) {
  Deno.test(`assertDefined() does not take a schema of ${library} for a contract`, () => {
    assert.throws(() => assertDefined("Cannot serve", LIBRARIES[library]), {
      name: "TypeError",
      message:
        /^Cannot serve: 'contract' must be the result of defineContract\(\)\. /,
    });
  });
}

for (const listener of [undefined, null, "text", {}]) {
  Deno.test(`a registry refuses ${JSON.stringify(listener)} as a listener with a schema, too`, () => {
    const registry = new Registry(undefined);
    const receive = () => registry.receive("hi", listener as never, ACCEPT_ALL);
    assert.throws(receive, {
      name: "TypeError",
      message:
        /^Cannot receive messages: the listener must be a function\. It is /,
    });
  });
}
