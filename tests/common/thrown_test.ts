import assert from "node:assert/strict";
import { readable } from "../../common/thrown.ts";
import { HOSTILE, REVOKED } from "../support/attacks.ts";

Deno.test("returns a thrown value that can be read", () => {
  for (const thrown of [new Error("no"), undefined, null, 1, "no", {}, []]) {
    assert.equal(readable(thrown), thrown);
  }
});

Deno.test("returns an error in place of a value that cannot be read", () => {
  for (const thrown of [HOSTILE, REVOKED, Object.create(null)]) {
    const error = readable(thrown);
    assert(error instanceof Error);
    assert.equal(error.message, "a value was thrown that cannot be read");
    assert(error.cause instanceof Error);
  }
});
