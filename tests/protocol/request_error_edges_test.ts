import assert from "node:assert/strict";
import { refuseData } from "../../server/validate.ts";
import { ACCEPT_ALL, schemaOf } from "../support/schemas.ts";

for (const type of ["constructor", "toString", "valueOf"]) {
  Deno.test(`refuseData() does not know a type named ${type}`, () => {
    const schema = schemaOf((value) => ({ value }), {
      jsonSchema: { input: () => ({ type }) },
    });
    const { data } = refuseData([{ path: [], message: "no" }], {}, schema);
    assert.deepEqual([data?.current, data?.needed], ["dict", "dict"]);
  });
}

Deno.test("what the log says of a refusal is a line that one can read", () => {
  const path = Array<string>(32).fill("\u2028".repeat(100));
  const issues = Array(16).fill({ path, message: "no" });
  const { note } = refuseData(issues, {}, ACCEPT_ALL);
  assert(note.length <= 10_000, `${note.length} characters`);
});
