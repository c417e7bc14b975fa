import assert from "node:assert/strict";
import { ValidationError } from "../../common/errors.ts";
import { OutputError } from "../../server/error_response.ts";
import { CYCLE, HOSTILE, REVOKED } from "../support/attacks.ts";

const ISSUES = [
  { path: ["a", 0], message: "was 4711" },
  { path: [], message: "was 4712" },
];

Deno.test("a misfit says all to whoever catches it, and only places to the log", () => {
  const misfit = new OutputError('Cannot answer "add"', "the result", ISSUES);
  assert(misfit instanceof ValidationError);
  assert.equal(
    misfit.message,
    'Cannot answer "add": the result does not match its schema: a[0]: was 4711; was 4712',
  );
  assert.equal(misfit.note, "the result does not match its schema at a[0]");
  assert.equal(misfit.issues, ISSUES);
});

Deno.test("OutputError.is() knows a misfit, and nothing else that may be thrown", () => {
  const misfit = new OutputError("Cannot answer", "the result", ISSUES);
  assert(OutputError.is(misfit));
  const others = [
    ...[undefined, null, 2, "OutputError", {}, new Error("no"), CYCLE],
    ...[HOSTILE, REVOKED, Object.create(misfit), new Proxy(misfit, {})],
    new ValidationError("Cannot answer", "the result", ISSUES),
  ];
  for (const [index, other] of others.entries()) {
    assert(!OutputError.is(other), `${index} is taken for a misfit`);
  }
});
