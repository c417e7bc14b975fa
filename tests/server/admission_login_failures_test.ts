import assert from "node:assert/strict";
import { LoginFailures } from "../../server/admission.ts";

Deno.test("LoginFailures lock an address out once it has failed so often, until the window is over", () => {
  const failures = new LoginFailures(2, 100);
  failures.add("a", 10);
  assert.equal(failures.lockout("a", 20), 0);
  failures.add("a", 50);
  // The window begins with the first of them.
  assert.equal(failures.lockout("a", 50), 60);
  assert.equal(failures.lockout("a", 109), 1);
  assert.equal(failures.lockout("a", 110), 0);
  assert.equal(failures.lockout("b", 50), 0);
});

Deno.test("LoginFailures forget what was before the window", () => {
  const failures = new LoginFailures(2, 100);
  failures.add("a", 0);
  failures.add("a", 100);
  assert.equal(failures.lockout("a", 100), 0);
  failures.add("a", 150);
  assert.equal(failures.lockout("a", 150), 50);
});

Deno.test("LoginFailures of Infinity never lock out", () => {
  const failures = new LoginFailures(Infinity, 100);
  for (let time = 0; time < 50; time++) failures.add("a", 0);
  assert.equal(failures.lockout("a", 0), 0);
});

Deno.test("LoginFailures keep a bounded number of addresses, and the newest", () => {
  const failures = new LoginFailures(1, 1_000);
  const count = 50_000;
  for (let n = 0; n < count; n++) failures.add(`${n}`, 0);
  const locked = Array.from({ length: count }, (_, n) => n)
    .filter((n) => failures.lockout(`${n}`, 0) > 0);
  assert(locked.length >= 1_000 && locked.length < count / 2);
  assert.equal(locked.at(-1), count - 1);
});
