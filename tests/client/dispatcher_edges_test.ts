import assert from "node:assert/strict";
import { ClientLog } from "../../client/log.ts";
import { HOSTILE, REVOKED } from "../support/attacks.ts";
import { LogRecorder } from "../support/log_recorder.ts";

/** An error that cannot be read. */
const UNREADABLE = Object.defineProperty(new Error(), "message", {
  get: () => {
    throw new Error("secret of the host");
  },
});

for (
  const [what, thrown] of [
    ["a proxy that throws", HOSTILE],
    ["a proxy that was revoked", REVOKED],
    ["an error whose message throws", UNREADABLE],
  ] as const
) {
  // An inbox calls it where nobody could catch what it throws.
  Deno.test(`ClientLog.ignore() does not throw for ${what}`, () => {
    const logger = new LogRecorder();
    new ClientLog(logger).ignore(thrown);
    assert.equal(logger.lines.length, 1);
    assert.match(logger.lines[0]!, /^warn Hoist: ignored a message\n/);
  });
}
