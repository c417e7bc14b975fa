import assert from "node:assert/strict";
import { ValidationError } from "../../common/errors.ts";
import { OutputError } from "../../server/output_error.ts";
import { CYCLE, HOSTILE, REVOKED } from "../support/attacks.ts";

const ISSUES = [
  { path: ["a", 0], message: "was 4711" },
  { path: [], message: "was 4712" },
];

Deno.test("OutputError has the issues, and only their paths in its note if a message can quote the value", () => {
  const outputError = new OutputError(
    'Cannot answer "add"',
    "the result",
    ISSUES,
    { a: [4711] },
  );
  assert(outputError instanceof ValidationError);
  assert.equal(
    outputError.message,
    'Cannot answer "add": the result does not match its schema: a[0]: was 4711; was 4712',
  );
  assert.equal(
    outputError.note,
    "the result does not match its schema at a[0]",
  );
  assert.equal(outputError.issues, ISSUES);
  assert.equal(outputError.hasReason, false);
});

Deno.test("OutputError has the reason in its note if no message can quote the value", () => {
  const issues = [
    { path: ["a", 0], message: "must be a number" },
    { path: [], message: "lacks a\nkey" },
  ];
  const value = { a: ["noon"] };
  const { note, hasReason } = new OutputError("", "the result", issues, value);
  assert.equal(
    note,
    "the result does not match its schema: a[0]: must be a number; lacks a%0Akey",
  );
  assert(hasReason);
});

Deno.test("OutputError.is() recognizes only OutputError", () => {
  const outputError = new OutputError("Cannot answer", "the result", ISSUES, 1);
  assert(OutputError.is(outputError));
  const others = [
    ...[undefined, null, 2, "OutputError", {}, new Error("no"), CYCLE],
    ...[
      HOSTILE,
      REVOKED,
      Object.create(outputError),
      new Proxy(outputError, {}),
    ],
    new ValidationError("Cannot answer", "the result", ISSUES),
  ];
  for (const [index, other] of others.entries()) {
    assert(!OutputError.is(other), `${index} is taken for an OutputError`);
  }
});
