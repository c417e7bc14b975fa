import assert from "node:assert/strict";
import { retryReason } from "../../protocol/close.ts";
import {
  ConnectError,
  ConnectionClosedError,
  LoginError,
  TimeoutError,
  VersionError,
} from "../../common/errors.ts";
import {
  isOurFault,
  type ReconnectOptions,
  ReconnectPolicy,
  rulesOf,
} from "../../client/reconnect_policy.ts";

/** ReconnectPolicy whose waits are the longest that are possible: nearly 100, 200, 400, 800. */
function attemptsOf(options: ReconnectOptions = {}): ReconnectPolicy {
  const rules = rulesOf({ minDelay: 100, maxDelay: 800, ...options });
  return new ReconnectPolicy(rules, () => 1);
}

const LOST = { code: 1006, reason: "" };

const REFUSED = new ConnectError("Nothing answers");

/** The error of an attempt that the server ended before it answered the login. */
function endedWith(code: number): ConnectError {
  const cause = new ConnectionClosedError("the login", { code, reason: "" });
  return new ConnectError("The server closed the connection", { cause });
}

Deno.test("rulesOf() fills in what is left out", () => {
  assert.deepEqual(rulesOf({}), {
    minDelay: 500,
    maxDelay: 30_000,
    maxAttempts: Infinity,
    maxQueue: 0,
  });
  const options = { minDelay: 1, maxDelay: 2, maxAttempts: 3, maxQueue: 4 };
  assert.deepEqual(rulesOf(options), options);
});

Deno.test("rulesOf() lets the lower bound alone lift the upper one", () => {
  assert.equal(rulesOf({ minDelay: 60_000 }).maxDelay, 60_000);
  assert.equal(rulesOf({ minDelay: 2 ** 31 - 1 }).maxDelay, 2 ** 31 - 1);
});

for (
  const [options, complaint] of [
    [{ minDelay: 0 }, "'reconnect.minDelay' must be from 1 to 2147483647"],
    [{ minDelay: NaN }, "'reconnect.minDelay' must be from 1 to 2147483647"],
    [{ minDelay: 2 ** 31 }, "'reconnect.minDelay' must be from 1 to 2147"],
    [{ minDelay: 9, maxDelay: 8 }, "'reconnect.maxDelay' must be from 9 to 2"],
    [{ maxDelay: Infinity }, "'reconnect.maxDelay' must be from 500 to 2147"],
    [{ maxAttempts: 0 }, "'reconnect.maxAttempts' must be a whole number from"],
    [{ maxAttempts: 1.5 }, "'reconnect.maxAttempts' must be a whole number"],
    [{ maxQueue: -1 }, "'reconnect.maxQueue' must be a whole number from 0 on"],
    [{ maxQueue: Infinity }, "'reconnect.maxQueue' must be a whole number fro"],
  ] as readonly [ReconnectOptions, string][]
) {
  const shown = Object.entries(options).map(([key, value]) =>
    `${key}: ${value}`
  );
  Deno.test(`rulesOf() refuses { ${shown.join(", ")} }`, () => {
    assert.throws(() => rulesOf(options), (error) => {
      assert(error instanceof RangeError);
      assert(error.message.startsWith(`Cannot connect as ${complaint}`));
      const value = Object.values(options).at(-1);
      assert(error.message.endsWith(`: current value is ${value}`));
      return true;
    });
  });
}

Deno.test("ReconnectPolicy waits twice as long after each attempt in vain, up to a bound", () => {
  const attempts = attemptsOf();
  assert.equal(attempts.afterClose(LOST, 0), 100);
  const delays = [1, 2, 3, 4].map(() => attempts.afterFailure(REFUSED));
  assert.deepEqual(delays, [200, 400, 800, 800]);
});

Deno.test("ReconnectPolicy waits a random part of that", () => {
  const attempts = new ReconnectPolicy(rulesOf({ minDelay: 100 }), () => 0.25);
  assert.equal(attempts.afterClose(LOST, 0), 25);
  assert.equal(attempts.afterFailure(REFUSED), 50);
});

Deno.test("ReconnectPolicy starts over once a connection has lasted as long as the next wait could", () => {
  for (const [lasted, delay] of [[399, 400], [400, 100]] as const) {
    const attempts = attemptsOf();
    attempts.afterClose(LOST, 0);
    attempts.afterFailure(REFUSED);
    attempts.opened(5_000);
    assert.equal(attempts.afterClose(LOST, 5_000 + lasted), delay);
  }
});

Deno.test("ReconnectPolicy does not start over for a server that lets one in and hangs up", () => {
  const attempts = attemptsOf();
  const delays: unknown[] = [];
  for (let now = 1_000; delays.length < 5; now += 1_000) {
    attempts.opened(now);
    delays.push(attempts.afterClose(LOST, now + 50));
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 800]);
});

Deno.test("ReconnectPolicy gives up after as many as it may make", () => {
  const attempts = attemptsOf({ maxAttempts: 2 });
  assert.equal(attempts.afterClose(LOST, 0), 100);
  assert.equal(attempts.afterFailure(REFUSED), 200);
  assert.equal(attempts.afterFailure(REFUSED), undefined);
});

Deno.test("ReconnectPolicy counts connections that did not last among those in vain", () => {
  const attempts = attemptsOf({ maxAttempts: 1 });
  assert.equal(attempts.afterClose(LOST, 0), 100);
  attempts.opened(0);
  assert.equal(attempts.afterClose(LOST, 199), undefined);
});

Deno.test("ReconnectPolicy has all of them again after a connection that lasted", () => {
  const attempts = attemptsOf({ maxAttempts: 1 });
  for (const now of [0, 1_000, 2_000]) {
    attempts.opened(now);
    assert.equal(attempts.afterClose(LOST, now + 200), 100);
  }
});

for (const code of [1000, 3000, 3999, 4000, 4999]) {
  Deno.test(`ReconnectPolicy takes close code ${code} for final`, () => {
    assert.equal(attemptsOf().afterClose({ code, reason: "" }, 0), undefined);
    assert.equal(attemptsOf().afterFailure(endedWith(code)), undefined);
  });
}

for (
  const code of [1001, 1003, 1005, 1006, 1008, 1009, 1011, 1012, 1013, 2999]
) {
  Deno.test(`ReconnectPolicy takes close code ${code} for a reason to come back`, () => {
    assert.equal(attemptsOf().afterClose({ code, reason: "" }, 0), 100);
    assert.equal(attemptsOf().afterFailure(endedWith(code)), 100);
  });
}

Deno.test("ReconnectPolicy takes a refused token and a refused version for final", () => {
  const versions = { needed: "2.0.0", current: "1.0.0" };
  for (
    const error of [new LoginError("no"), new VersionError("no", versions)]
  ) {
    assert.equal(attemptsOf().afterFailure(error), undefined);
  }
});

Deno.test("ReconnectPolicy takes every other failure for a reason to come back", () => {
  for (const error of [REFUSED, new TimeoutError("late"), new Error(), null]) {
    assert.equal(attemptsOf().afterFailure(error), 100);
  }
});

Deno.test("ReconnectPolicy waits at first as long as a server wants that goes down, then as ever", () => {
  for (const delay of [0, 4_210]) {
    const attempts = attemptsOf();
    const close = { code: 1012, reason: retryReason(delay) };
    assert.equal(attempts.afterClose(close, 0), delay);
    assert.equal(attempts.afterFailure(REFUSED), 200);
  }
});

Deno.test("ReconnectPolicy takes the hint once: a server cannot make a client hurry for ever", () => {
  const attempts = attemptsOf();
  const close = { code: 1012, reason: retryReason(0) };
  const delays = [0, 0, 0, 0].map((now) => {
    attempts.opened(now);
    return attempts.afterClose(close, now);
  });
  assert.deepEqual(delays, [0, 200, 400, 800]);
});

Deno.test("isOurFault() holds for what a server says about what it was sent", () => {
  const codes = [1001, 1003, 1006, 1008, 1009, 1011, 1012, 1013];
  assert.deepEqual(codes.filter(isOurFault), [1003, 1008, 1009]);
});
