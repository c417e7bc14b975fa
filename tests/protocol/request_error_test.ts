import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { type JsonObject } from "../../common/json.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { refuseData, refuseName } from "../../server/validate.ts";
import { check, type Schema } from "../../contract/schema.ts";
import { CYCLE, HOSTILE, REVOKED } from "../support/attacks.ts";
import {
  ACCEPT_ALL,
  INVALID_DATA,
  LIBRARIES,
  VALID_DATA,
} from "../support/schemas.ts";

/** The refusal of data by a schema that says at once what is wrong with it. */
function refuse(schema: Schema, value: JsonObject): RequestError {
  const checked = check(schema, value);
  assert(!(checked instanceof Promise) && checked.issues !== undefined);
  return refuseData(checked.issues, value, schema);
}

const UNSAID = { current: "dict", needed: "dict" };

Deno.test("a refusal has what the frame and the log say", () => {
  const data = { current: "str", needed: "int" };
  const details = { data, note: "for the log" };
  const refusal = new RequestError(ErrorCode.INVALID_CONTENT, "no", details);
  assert(refusal instanceof Error);
  assert.equal(String(refusal), "RequestError: no");
  assert.equal(refusal.code, 2);
  assert.equal(refusal.data, data);
  assert.equal(refusal.note, "for the log");
});

Deno.test("a refusal without details has no data, and its description for the log", () => {
  for (const details of [undefined, {}]) {
    const code = ErrorCode.UNSUPPORTED_OPERATION;
    const { data, note } = new RequestError(code, "no", details);
    assert.deepEqual([data, note], [null, "no"]);
  }
});

Deno.test("RequestError.is() knows a refusal, and nothing else that may be thrown", () => {
  const refusal = new RequestError(ErrorCode.INVALID_CONTENT, "no");
  assert(RequestError.is(refusal));
  assert(RequestError.is(new (class extends RequestError {})(2, "no")));
  const others = [
    undefined,
    null,
    2,
    "RequestError",
    () => {},
    {},
    new Error("no"),
    { ...refusal, message: "no", name: "RequestError" },
    Object.create(RequestError.prototype),
    Object.create(refusal),
    new Proxy(refusal, {}),
    CYCLE,
    HOSTILE,
    REVOKED,
  ];
  for (const [index, other] of others.entries()) {
    assert(!RequestError.is(other), `${index} is taken for a refusal`);
  }
});

Deno.test("refuseData() says what is wrong, and where", () => {
  const issues = [
    { path: ["rows", 3, "a b"], message: "must be a text" },
    { path: [], message: "lacks something" },
    { path: ["n"], message: "must be a number" },
  ];
  const refusal = refuseData(issues, { n: "x", rows: [] }, ACCEPT_ALL);
  assert.equal(refusal.code, ErrorCode.INVALID_CONTENT);
  assert.equal(
    refusal.message,
    'the data does not fit its schema, rows[3]["a b"]: must be a text; lacks something; n: must be a number',
  );
  assert.deepEqual(refusal.data, { ...UNSAID, issues });
});

for (
  const [issues, note] of [
    [[], "the data does not fit its schema"],
    [
      [{ path: [], message: "was secret" }],
      "the data does not fit its schema",
    ],
    [
      [{ path: ["a"], message: "was secret" }],
      "the data does not fit its schema at a",
    ],
    [[
      { path: ["a", 1, "b"], message: "was secret" },
      { path: [], message: "was secret" },
      { path: [2], message: "was secret" },
    ], "the data does not fit its schema at a[1].b, [2]"],
  ] as const
) {
  Deno.test(`refuseData() says to the log: ${note} (${issues.length})`, () => {
    // Libraries quote what was sent in their messages.
    assert.equal(refuseData(issues, {}, ACCEPT_ALL).note, note);
  });
}

Deno.test("refuseData() without issues does not know why", () => {
  const { message, data } = refuseData([], {}, ACCEPT_ALL);
  assert.equal(
    message,
    "the data does not fit its schema, it does not say why",
  );
  assert.deepEqual(data, { ...UNSAID, issues: [] });
});

/** What of these libraries is asked for the types. */
const TYPES_IN: Readonly<Record<string, object>> = {
  zod: { current: "int", needed: "str" },
  arktype: { current: "int", needed: "str" },
  // It cannot say what it needs without a further package.
  valibot: UNSAID,
};

for (const [library, schema] of Object.entries(LIBRARIES)) {
  Deno.test(`refuseData() says what a schema of ${library} found, as JSON can hold it`, () => {
    const { data, message, note } = refuse(schema, INVALID_DATA);
    const { issues, ...types } = JSON.parse(JSON.stringify(data));
    assert.deepEqual(types, TYPES_IN[library]);
    assert.equal(issues.length, 1);
    assert.deepEqual(issues[0].path, ["rows", 1, "name"]);
    assert.equal(
      message,
      `the data does not fit its schema, rows[1].name: ${issues[0].message}`,
    );
    assert.equal(note, "the data does not fit its schema at rows[1].name");
  });
}

Deno.test("refuseData() keeps no issue that somebody could change later", () => {
  const issue = { path: ["a"], message: "no" };
  const { data } = refuseData([issue], VALID_DATA, ACCEPT_ALL);
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
