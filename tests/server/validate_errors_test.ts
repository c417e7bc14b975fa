/**
 * Tests of the errors that `server/validate.ts` sends to a client.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import type { JsonObject } from "../../common/json.ts";
import type { Schema } from "../../contract/schema.ts";
import { validate } from "../../contract/validate.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { invalidDataError, unknownNameError } from "../../server/validate.ts";
import { INVALID_DATA, LIBRARIES } from "../support/schemas.ts";

/** The error for data that a schema rejects synchronously. */
function errorOf(schema: Schema, value: JsonObject): RequestError {
  const checked = validate(schema, value);
  assert(!(checked instanceof Promise) && checked.issues !== undefined);
  return invalidDataError(checked.issues);
}

const TYPES = { current: "dict", needed: "dict" };

Deno.test("invalidDataError() describes the issues and their paths", () => {
  const issues = [
    { path: ["rows", 3, "a b"], message: "must be a string" },
    { path: [], message: "lacks something" },
    { path: ["n"], message: "must be a number" },
  ];
  const error = invalidDataError(issues);
  assert.equal(error.code, ErrorCode.INVALID_CONTENT);
  assert.equal(
    error.message,
    'the data does not match its schema: rows[3]["a b"]: must be a string; lacks something; n: must be a number',
  );
  assert.deepEqual(error.data, { ...TYPES, issues });
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
  Deno.test(`invalidDataError() logs the paths only: ${note} (${issues.length})`, () => {
    // The messages of some libraries quote the data.
    assert.equal(invalidDataError(issues).note, note);
  });
}

Deno.test("invalidDataError() describes data without issues", () => {
  const { message, data } = invalidDataError([]);
  assert.equal(
    message,
    "the data does not match its schema: the schema gives no reason",
  );
  assert.deepEqual(data, { ...TYPES, issues: [] });
});

for (const [library, schema] of Object.entries(LIBRARIES)) {
  Deno.test(`invalidDataError() contains the issues of a schema of ${library} as JSON`, () => {
    const { data, message, note } = errorOf(schema, INVALID_DATA);
    const { issues, ...types } = JSON.parse(JSON.stringify(data));
    assert.deepEqual(types, TYPES);
    assert.equal(issues.length, 1);
    assert.deepEqual(issues[0].path, ["rows", 1, "name"]);
    assert.equal(
      message,
      `the data does not match its schema: rows[1].name: ${issues[0].message}`,
    );
    assert.equal(note, "the data does not match its schema at rows[1].name");
  });
}

Deno.test("invalidDataError() copies the issues", () => {
  const issue = { path: ["a"], message: "no" };
  const { data } = invalidDataError([issue]);
  issue.message = "changed";
  assert.deepEqual(data?.issues, [{ path: ["a"], message: "no" }]);
});

Deno.test("unknownNameError() has code 2 and an empty path", () => {
  const error = unknownNameError('the contract has no message "hi"');
  assert(RequestError.is(error));
  assert.equal(error.code, ErrorCode.INVALID_CONTENT);
  assert.equal(error.message, 'the contract has no message "hi"');
  assert.equal(error.note, 'the contract has no message "hi"');
  assert.deepEqual(error.data, {
    current: "str",
    needed: "str",
    issues: [{ path: [], message: 'the contract has no message "hi"' }],
  });
});

Deno.test("invalidDataError() limits the length of the log line", () => {
  const path = Array<string>(32).fill("\u2028".repeat(100));
  const issues = Array(16).fill({ path, message: "no" });
  const { note } = invalidDataError(issues);
  assert(note.length <= 10_000, `${note.length} characters`);
});

Deno.test("invalidDataError() names no path if the whole data is invalid", () => {
  const { message, data, note } = errorOf(LIBRARIES.arktype!, 7 as never);
  assert.doesNotMatch(message, / at /);
  assert.deepEqual(JSON.parse(JSON.stringify(data)).issues[0].path, []);
  assert.equal(note, "the data does not match its schema");
});
