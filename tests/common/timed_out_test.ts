/** Tests of `common/timed_out.ts`. */

import assert from "node:assert/strict";
import { TimeoutError } from "../../common/errors.ts";
import { timedOut } from "../../common/timed_out.ts";

for (
  const [timeout, text] of [[0, "0"], [1.5, "1.5"], [5_000, "5000"]] as const
) {
  Deno.test(`timedOut() contains the timeout: ${text} ms`, () => {
    const error = timedOut('operation "add"', timeout);
    assert(error instanceof TimeoutError);
    assert.equal(
      error.message,
      `Cannot finish operation "add": no response within ${text} ms. Raise 'timeout' to wait longer.`,
    );
  });
}
