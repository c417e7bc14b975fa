/** Reads the errors of the built-in operations. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { RequestError } from "../../protocol/request_error.ts";

/** Asserts that an operation rejects one argument, and returns the message of the issue. */
export async function argumentErrorOf(
  argument: string,
  promise: Promise<string>,
): Promise<string> {
  const error = await promise.then(
    (text) => assert.fail(`the text is ${JSON.stringify(text)}`),
    (error) => error,
  );
  assert(error instanceof RequestError, error);
  assert.equal(error.code, ErrorCode.INVALID_CONTENT);
  const { issues } = error.data as {
    issues: { path: string[]; message: string }[];
  };
  const [issue] = issues;
  assert.deepEqual(issues, [{ path: [argument], message: issue?.message }]);
  assert.equal(error.message, `${argument}: ${issue?.message}`);
  assert.equal(error.note, error.message);
  return issue?.message ?? "";
}
