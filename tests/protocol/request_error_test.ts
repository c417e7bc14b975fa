import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { CYCLE, HOSTILE, REVOKED } from "../support/attacks.ts";

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
