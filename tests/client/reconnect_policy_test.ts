import assert from "node:assert/strict";
import { retryReason } from "../../protocol/close.ts";
import {
  ConnectError,
  ConnectionClosedError,
  LoginError,
  TimeoutError,
  VersionError,
} from "../../common/errors.ts";
import { isCausedByClient } from "../../client/backoff.ts";
import {
  type ReconnectOptions,
  ReconnectPolicy,
  resolveReconnectOptions,
} from "../../client/reconnect_policy.ts";

/** Creates a policy with the longest possible delays: 100, 200, 400, 800 by default. */
function policyOf(options: ReconnectOptions = {}): ReconnectPolicy {
  const rules = resolveReconnectOptions({
    minDelay: 100,
    maxDelay: 800,
    ...options,
  });
  return new ReconnectPolicy(rules, () => 1);
}

const LOST = { code: 1006, reason: "" };

const REFUSED = new ConnectError("Nothing answers");

/** Returns the error of an attempt that the server ended before it answered the login. */
function endedWith(code: number): ConnectError {
  const cause = new ConnectionClosedError("the login", { code, reason: "" });
  return new ConnectError("The server closed the connection", { cause });
}

Deno.test("resolveReconnectOptions() adds the defaults", () => {
  assert.deepEqual(resolveReconnectOptions({}), {
    minDelay: 500,
    maxDelay: 30_000,
    maxAttempts: Infinity,
    maxQueue: 0,
  });
  const options = { minDelay: 1, maxDelay: 2, maxAttempts: 3, maxQueue: 4 };
  assert.deepEqual(resolveReconnectOptions(options), options);
});

Deno.test("resolveReconnectOptions() raises the default of `maxDelay` to `minDelay`", () => {
  assert.equal(resolveReconnectOptions({ minDelay: 60_000 }).maxDelay, 60_000);
  assert.equal(
    resolveReconnectOptions({ minDelay: 2 ** 31 - 1 }).maxDelay,
    2 ** 31 - 1,
  );
});

function between(min: number): string {
  return `a number of milliseconds from ${min} to 2147483647`;
}

const ATTEMPTS = "a whole number of at least 1, or Infinity";

Deno.test("resolveReconnectOptions() rejects unknown options and values of other types", () => {
  for (
    const [options, message] of [
      [
        { maxQueu: 1 },
        "Cannot connect: unknown option 'maxQueu' in 'reconnect'. Did you mean 'maxQueue'?",
      ],
      [
        { minDelay: "1" },
        `Cannot connect: 'reconnect.minDelay' must be ${
          between(1)
        }. It is "1".`,
      ],
      [null, "Cannot connect: 'reconnect' must be an object. It is null."],
      ["yes", "Cannot connect: 'reconnect' must be an object. It is \"yes\"."],
    ] as readonly [unknown, string][]
  ) {
    assert.throws(
      () => resolveReconnectOptions(options as ReconnectOptions),
      { name: "TypeError", message },
    );
  }
});

for (
  const [options, complaint] of [
    [{ minDelay: 0 }, `minDelay' must be ${between(1)}`],
    [{ minDelay: NaN }, `minDelay' must be ${between(1)}`],
    [{ minDelay: 2 ** 31 }, `minDelay' must be ${between(1)}`],
    [{ minDelay: 9, maxDelay: 8 }, `maxDelay' must be ${between(9)}`],
    [{ maxDelay: Infinity }, `maxDelay' must be ${between(500)}`],
    [{ maxAttempts: 0 }, `maxAttempts' must be ${ATTEMPTS}`],
    [{ maxAttempts: 1.5 }, `maxAttempts' must be ${ATTEMPTS}`],
    [{ maxQueue: -1 }, "maxQueue' must be a whole number of at least 0"],
    [{ maxQueue: Infinity }, "maxQueue' must be a whole number of at least 0"],
  ] as readonly [ReconnectOptions, string][]
) {
  const shown = Object.entries(options).map(([key, value]) =>
    `${key}: ${value}`
  );
  Deno.test(`resolveReconnectOptions() rejects { ${shown.join(", ")} }`, () => {
    assert.throws(() => resolveReconnectOptions(options), (error) => {
      assert(error instanceof RangeError);
      const value = Object.values(options).at(-1);
      assert.equal(
        error.message,
        `Cannot connect: 'reconnect.${complaint}. It is ${value}.`,
      );
      return true;
    });
  });
}

Deno.test("doubles the delay after each failed attempt, up to a bound", () => {
  const policy = policyOf();
  assert.equal(policy.afterClose(LOST, 0), 100);
  const delays = [1, 2, 3, 4].map(() => policy.afterFailure(REFUSED));
  assert.deepEqual(delays, [200, 400, 800, 800]);
});

Deno.test("delays each attempt by a random part of the maximum", () => {
  const policy = new ReconnectPolicy(
    resolveReconnectOptions({ minDelay: 100 }),
    () => 0.25,
  );
  assert.equal(policy.afterClose(LOST, 0), 25);
  assert.equal(policy.afterFailure(REFUSED), 50);
});

Deno.test("starts again after a connection that lasted as long as the next maximum", () => {
  for (const [lasted, delay] of [[399, 400], [400, 100]] as const) {
    const policy = policyOf();
    policy.afterClose(LOST, 0);
    policy.afterFailure(REFUSED);
    policy.onOpen(5_000);
    assert.equal(policy.afterClose(LOST, 5_000 + lasted), delay);
  }
});

Deno.test("does not start again after a server that accepts a login and then closes", () => {
  const policy = policyOf();
  const delays: unknown[] = [];
  for (let now = 1_000; delays.length < 5; now += 1_000) {
    policy.onOpen(now);
    delays.push(policy.afterClose(LOST, now + 50));
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 800]);
});

Deno.test("gives up after `maxAttempts` attempts", () => {
  const policy = policyOf({ maxAttempts: 2 });
  assert.equal(policy.afterClose(LOST, 0), 100);
  assert.equal(policy.afterFailure(REFUSED), 200);
  assert.equal(policy.afterFailure(REFUSED), undefined);
});

Deno.test("counts a short connection as a failed attempt", () => {
  const policy = policyOf({ maxAttempts: 1 });
  assert.equal(policy.afterClose(LOST, 0), 100);
  policy.onOpen(0);
  assert.equal(policy.afterClose(LOST, 199), undefined);
});

Deno.test("allows `maxAttempts` attempts again after a long connection", () => {
  const policy = policyOf({ maxAttempts: 1 });
  for (const now of [0, 1_000, 2_000]) {
    policy.onOpen(now);
    assert.equal(policy.afterClose(LOST, now + 200), 100);
  }
});

for (const code of [1000, 3000, 3999, 4000, 4999]) {
  Deno.test(`gives up after close code ${code}`, () => {
    assert.equal(policyOf().afterClose({ code, reason: "" }, 0), undefined);
    assert.equal(policyOf().afterFailure(endedWith(code)), undefined);
  });
}

for (
  const code of [1001, 1003, 1005, 1006, 1008, 1011, 1012, 1013, 2999]
) {
  Deno.test(`reconnects after close code ${code}`, () => {
    assert.equal(policyOf().afterClose({ code, reason: "" }, 0), 100);
    assert.equal(policyOf().afterFailure(endedWith(code)), 100);
  });
}

Deno.test("reconnects after close code 1009, but not if it answers the login", () => {
  assert.equal(policyOf().afterClose({ code: 1009, reason: "" }, 0), 100);
  assert.equal(policyOf().afterFailure(endedWith(1009)), undefined);
});

Deno.test("gives up after a refused token or version", () => {
  const versions = { needed: "2.0.0", current: "1.0.0" };
  for (
    const error of [new LoginError("no"), new VersionError("no", versions)]
  ) {
    assert.equal(policyOf().afterFailure(error), undefined);
  }
});

Deno.test("reconnects after every other error", () => {
  for (const error of [REFUSED, new TimeoutError("late"), new Error(), null]) {
    assert.equal(policyOf().afterFailure(error), 100);
  }
});

Deno.test("uses the delay that a restarting server asks for, then its own", () => {
  for (const delay of [0, 4_210]) {
    const policy = policyOf();
    const close = { code: 1012, reason: retryReason(delay) };
    assert.equal(policy.afterClose(close, 0), delay);
    assert.equal(policy.afterFailure(REFUSED), 200);
  }
});

Deno.test("uses the delay of a server only for the first attempt", () => {
  const policy = policyOf();
  const close = { code: 1012, reason: retryReason(0) };
  const delays = [0, 0, 0, 0].map((now) => {
    policy.onOpen(now);
    return policy.afterClose(close, now);
  });
  assert.deepEqual(delays, [0, 200, 400, 800]);
});

Deno.test("isCausedByClient() is true for the codes that blame a frame of the client", () => {
  const codes = [1001, 1003, 1006, 1008, 1009, 1011, 1012, 1013];
  assert.deepEqual(codes.filter(isCausedByClient), [1003, 1008, 1009]);
});

Deno.test("a proxy can ask for a longer delay, to which the random delay is added", () => {
  const policy = policyOf({ maxAttempts: 2 });
  const error = new ConnectError("Busy", { status: 503, retryAfter: 5_000 });
  assert.equal(policy.afterFailure(error), 5_100);
  assert.equal(policy.afterFailure(error), 5_200);
  assert.equal(policy.afterFailure(error), undefined);
});

Deno.test("no delay is longer than a timer can wait", () => {
  const longest = 2 ** 31 - 1;
  const policy = policyOf({ minDelay: longest, maxDelay: longest });
  const error = new ConnectError("Busy", { status: 503, retryAfter: 5_000 });
  assert.equal(policy.afterFailure(error), longest);
});
