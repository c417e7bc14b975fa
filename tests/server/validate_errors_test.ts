/**
 * Tests of the errors that `server/validate.ts` sends to a client.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { type JsonObject } from "../../common/json.ts";
import { type Schema, validate } from "../../contract/schema.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { refuseData, refuseName } from "../../server/validate.ts";
import { INVALID_DATA, LIBRARIES } from "../support/schemas.ts";

/** The error for data that a schema rejects synchronously. */
function refuse(schema: Schema, value: JsonObject): RequestError {
  const checked = validate(schema, value);
  assert(!(checked instanceof Promise) && checked.issues !== undefined);
  return refuseData(checked.issues);
}

const UNSAID = { current: "dict", needed: "dict" };

Deno.test("refuseData() says what is wrong, and where", () => {
  const issues = [
    { path: ["rows", 3, "a b"], message: "must be a text" },
    { path: [], message: "lacks something" },
    { path: ["n"], message: "must be a number" },
  ];
  const refusal = refuseData(issues);
  assert.equal(refusal.code, ErrorCode.INVALID_CONTENT);
  assert.equal(
    refusal.message,
    'the data does not match its schema: rows[3]["a b"]: must be a text; lacks something; n: must be a number',
  );
  assert.deepEqual(refusal.data, { ...UNSAID, issues });
});

for (
  const [issues, note] of [
    [[], "the data does not match its schema"],
    [
      [{ path: [], message: "was secret" }],
      "the data does not match its schema",
    ],
    [
      [{ path: ["a"], message: "was secret" }],
      "the data does not match its schema at a",
    ],
    [[
      { path: ["a", 1, "b"], message: "was secret" },
      { path: [], message: "was secret" },
      { path: [2], message: "was secret" },
    ], "the data does not match its schema at a[1].b, [2]"],
  ] as const
) {
  Deno.test(`refuseData() says to the log: ${note} (${issues.length})`, () => {
    // Libraries quote what was sent in their messages.
    assert.equal(refuseData(issues).note, note);
  });
}

Deno.test("refuseData() without issues does not know why", () => {
  const { message, data } = refuseData([]);
  assert.equal(
    message,
    "the data does not match its schema: the schema gives no reason",
  );
  assert.deepEqual(data, { ...UNSAID, issues: [] });
});

for (const [library, schema] of Object.entries(LIBRARIES)) {
  Deno.test(`refuseData() says what a schema of ${library} found, as JSON can hold it`, () => {
    const { data, message, note } = refuse(schema, INVALID_DATA);
    const { issues, ...types } = JSON.parse(JSON.stringify(data));
    assert.deepEqual(types, UNSAID);
    assert.equal(issues.length, 1);
    assert.deepEqual(issues[0].path, ["rows", 1, "name"]);
    assert.equal(
      message,
      `the data does not match its schema: rows[1].name: ${issues[0].message}`,
    );
    assert.equal(note, "the data does not match its schema at rows[1].name");
  });
}

Deno.test("refuseData() keeps no issue that somebody could change later", () => {
  const issue = { path: ["a"], message: "no" };
  const { data } = refuseData([issue]);
  issue.message = "changed";
  assert.deepEqual(data?.issues, [{ path: ["a"], message: "no" }]);
});

Deno.test("refuseName() is answered as data that does not fit, with an empty path", () => {
  const refusal = refuseName('the contract has no message "hi"');
  assert(RequestError.is(refusal));
  assert.equal(refusal.code, ErrorCode.INVALID_CONTENT);
  assert.equal(refusal.message, 'the contract has no message "hi"');
  assert.equal(refusal.note, 'the contract has no message "hi"');
  assert.deepEqual(refusal.data, {
    current: "str",
    needed: "str",
    issues: [{ path: [], message: 'the contract has no message "hi"' }],
  });
});

Deno.test("refuseData() writes a short line for the log, whatever the path is", () => {
  const path = Array<string>(32).fill("\u2028".repeat(100));
  const issues = Array(16).fill({ path, message: "no" });
  const { note } = refuseData(issues);
  assert(note.length <= 10_000, `${note.length} characters`);
});

Deno.test("refuseData() names no place if the data as a whole is wrong", () => {
  const { message, data, note } = refuse(LIBRARIES.arktype!, 7 as never);
  assert.doesNotMatch(message, / at /);
  assert.deepEqual(JSON.parse(JSON.stringify(data)).issues[0].path, []);
  assert.equal(note, "the data does not match its schema");
});
