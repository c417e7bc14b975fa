/** Tests of `forwardedAddress` in `server/admission.ts`. */

import assert from "node:assert/strict";
import { forwardedAddress } from "../../server/admission.ts";

for (
  const [forwarded, proxies, expected] of [
    ["192.0.2.1", 1, "192.0.2.1"],
    ["192.0.2.1", 2, undefined],
    ["a, 192.0.2.1, b", 2, "192.0.2.1"],
    ["192.0.2.1,10.0.0.1", 2, "192.0.2.1"],
    [" 192.0.2.1\t", 1, "192.0.2.1"],
    ["192.0.2.1:80", 1, "192.0.2.1"],
    ["2001:DB8:0:0::1", 1, "2001:db8::1"],
    ["[2001:db8::1]", 1, "2001:db8::1"],
    ["[2001:db8::1]:80", 1, "2001:db8::1"],
    [null, 1, undefined],
    ["", 1, undefined],
    [",", 1, undefined],
    ["unknown", 1, undefined],
    ["1.2.3", 1, undefined],
    ["1.2.3.4.5", 1, undefined],
    ["256.1.1.1", 1, undefined],
    ["0x7f.1.1.1", 1, undefined],
    ["1.2.3.4:port", 1, undefined],
    ["[1.2.3.4]", 1, undefined],
    ["2001:db8::1::2", 1, undefined],
    ["2001:db8::12345", 1, undefined],
    ["fe80::1%eth0", 1, undefined],
    ["::1]/path[", 1, undefined],
    [":".repeat(100_000), 1, undefined],
    // Strings that only fail at their end.
    [`${":".repeat(100_000)}x`, 1, undefined],
    ["1.".repeat(100_000), 1, undefined],
  ] as const
) {
  Deno.test(`forwardedAddress(${JSON.stringify(forwarded)?.slice(0, 40)}, ${proxies}) returns ${expected}`, () => {
    assert.equal(forwardedAddress(forwarded, proxies), expected);
  });
}
