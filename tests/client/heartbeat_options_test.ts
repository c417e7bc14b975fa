/** Tests of the option `heartbeat` in `client/heartbeat.ts`. */

import assert from "node:assert/strict";
import {
  type HeartbeatOptions,
  resolveHeartbeat,
} from "../../client/heartbeat.ts";

Deno.test("the option `heartbeat` has defaults", () => {
  const defaults = { interval: 25_000, timeout: 10_000 };
  assert.deepEqual(resolveHeartbeat(), defaults);
  assert.deepEqual(resolveHeartbeat(true), defaults);
  assert.deepEqual(resolveHeartbeat({}), defaults);
  assert.equal(resolveHeartbeat(false), undefined);
  const rules = { interval: 1_000, timeout: 600_000 };
  assert.deepEqual(resolveHeartbeat(rules), rules);
});

for (
  const [options, name, message] of [
    [{ interval: 999 }, "RangeError", "'heartbeat.interval' must be"],
    [{ interval: Infinity }, "RangeError", "'heartbeat.interval' must be"],
    [{ timeout: 600_001 }, "RangeError", "'heartbeat.timeout' must be"],
    [{ timeout: 1_000.5 }, "RangeError", "'heartbeat.timeout' must be"],
    [{ timeout: "10 s" }, "TypeError", "'heartbeat.timeout' must be"],
    [{ intervall: 1 }, "TypeError", "unknown option 'intervall'"],
    [1, "TypeError", ""],
    [null, "TypeError", ""],
  ] as const
) {
  Deno.test(`the option heartbeat rejects ${JSON.stringify(options)}`, () => {
    const resolve = () => resolveHeartbeat(options as HeartbeatOptions);
    assert.throws(resolve, (error: Error) => {
      assert.equal(error.name, name);
      assert(error.message.startsWith(`Cannot connect: ${message}`));
      return true;
    });
  });
}
