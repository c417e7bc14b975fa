/** Tests of `common/debug.ts`. The options are tested with the log of the server. */

import assert from "node:assert/strict";
import { debug, debugOptions, tracePrefix } from "../../common/debug.ts";

Deno.test("debugOptions() returns the options of the latest debug() that is not disposed", () => {
  assert.equal(debugOptions(), undefined);
  {
    using _outer = debug({ http: true });
    using _inner = debug();
    assert.deepEqual(debugOptions(), {});
  }
  assert.equal(debugOptions(), undefined);
});

Deno.test("tracePrefix() returns the caller in parentheses only after debug({ trace: true })", () => {
  const unused = () => assert.fail("the caller was requested");
  assert.equal(tracePrefix(unused), "");
  {
    using _debugging = debug();
    assert.equal(tracePrefix(unused), "");
  }
  using _tracing = debug({ trace: true });
  assert.equal(tracePrefix(() => "start"), "(start) ");
});
