/** Addresses behind proxies, and the lockout after failed logins. */

import assert from "node:assert/strict";
import { AddressFailures, forwardedAddress } from "../../server/admission.ts";

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

Deno.test("AddressFailures lock an address out until the window ends", () => {
  const failures = new AddressFailures(2, 100);
  failures.add("a", 10);
  assert.equal(failures.lockout("a", 20), 0);
  failures.add("a", 50);
  // The window begins with the first of them.
  assert.equal(failures.lockout("a", 50), 60);
  assert.equal(failures.lockout("a", 109), 1);
  assert.equal(failures.lockout("a", 110), 0);
  assert.equal(failures.lockout("b", 50), 0);
});

Deno.test("AddressFailures forget failures before the window", () => {
  const failures = new AddressFailures(2, 100);
  failures.add("a", 0);
  failures.add("a", 100);
  assert.equal(failures.lockout("a", 100), 0);
  failures.add("a", 150);
  assert.equal(failures.lockout("a", 150), 50);
});

Deno.test("AddressFailures with the limit Infinity never lock out", () => {
  const failures = new AddressFailures(Infinity, 100);
  for (let time = 0; time < 50; time++) failures.add("a", 0);
  assert.equal(failures.lockout("a", 0), 0);
});

Deno.test("AddressFailures keep a limited number of addresses, the newest ones", () => {
  const failures = new AddressFailures(1, 1_000);
  const count = 50_000;
  for (let n = 0; n < count; n++) failures.add(`${n}`, 0);
  const locked = Array.from({ length: count }, (_, n) => n)
    .filter((n) => failures.lockout(`${n}`, 0) > 0);
  assert(locked.length >= 1_000 && locked.length < count / 2);
  assert.equal(locked.at(-1), count - 1);
});
