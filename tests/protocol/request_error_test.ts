/** Tests of `protocol/request_error.ts`. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { CYCLE, HOSTILE, REVOKED } from "../support/attacks.ts";

Deno.test("RequestError contains the data for the frame and the note for the log", () => {
  const data = { current: "str", needed: "int" };
  const details = { data, note: "for the log" };
  const error = new RequestError(ErrorCode.INVALID_CONTENT, "no", details);
  assert(error instanceof Error);
  assert.equal(String(error), "RequestError: no");
  assert.equal(error.code, 2);
  assert.equal(error.data, data);
  assert.equal(error.note, "for the log");
});

Deno.test("RequestError without details has no data and logs its description", () => {
  for (const details of [undefined, {}]) {
    const code = ErrorCode.UNSUPPORTED_OPERATION;
    const { data, note } = new RequestError(code, "no", details);
    assert.deepEqual([data, note], [null, "no"]);
  }
});

Deno.test("RequestError.is() accepts only instances of RequestError", () => {
  const error = new RequestError(ErrorCode.INVALID_CONTENT, "no");
  assert(RequestError.is(error));
  assert(RequestError.is(new (class extends RequestError {})(2, "no")));
  const others = [
    undefined,
    null,
    2,
    "RequestError",
    () => {},
    {},
    new Error("no"),
    { ...error, message: "no", name: "RequestError" },
    Object.create(RequestError.prototype),
    Object.create(error),
    new Proxy(error, {}),
    CYCLE,
    HOSTILE,
    REVOKED,
  ];
  for (const [index, other] of others.entries()) {
    assert(!RequestError.is(other), `${index} is accepted`);
  }
});
