import assert from "node:assert/strict";
import {
  checkTokenSource,
  type TokenFunction,
  TokenSource,
} from "../../client/token_source.ts";
import {
  ConnectError,
  LoginError,
  TimeoutError,
  VersionError,
} from "../../common/errors.ts";
import { clientLog } from "../support/client_log.ts";
import { rejection, throwsExactly } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { endOfTick } from "../support/timing.ts";

function sourceOf(
  token: string | TokenFunction,
  { timeout = Infinity, log = clientLog() } = {},
): TokenSource {
  return new TokenSource(token, { base: "http://h:1", timeout, log });
}

/** Returns the tokens one after the other. */
function tokensOf(...tokens: readonly string[]) {
  let calls = 0;
  return sourceOf(() => tokens[calls++]!);
}

Deno.test("returns the same string for each login", async () => {
  const source = sourceOf("test");
  assert.equal(source.isFunction, false);
  assert.deepEqual([await source.next(), await source.next()], [
    "test",
    "test",
  ]);
});

Deno.test("calls the function for each login, synchronous or not", async () => {
  let calls = 0;
  for (
    const token of [
      () => `t${++calls}`,
      () => Promise.resolve(`t${++calls}`),
    ]
  ) {
    calls = 0;
    const source = sourceOf(token);
    assert(source.isFunction);
    assert.deepEqual([await source.next(), await source.next()], ["t1", "t2"]);
  }
});

for (
  const returned of [undefined, null, "", 5, { token: "secret" }, ["secret"]]
) {
  Deno.test(`rejects the token ${Deno.inspect(returned)} of a function without showing it`, async () => {
    const error = await rejection(sourceOf(() => returned as string).next());
    assert(error instanceof ConnectError);
    assert.equal(
      error.message,
      "Cannot connect to http://h:1: the token function must return a non-empty string. Throw a LoginError if there is no token.",
    );
    assert.equal(error.cause, undefined);
  });
}

for (
  const [what, fail] of [
    ["throws", (error: unknown) => {
      throw error;
    }],
    ["rejects", (error: unknown) => Promise.reject(error)],
  ] as const
) {
  for (
    const cause of [
      new Error("the secret is 5"),
      new VersionError("old", { needed: "2.0.0", current: "1.0.0" }),
      undefined,
    ]
  ) {
    Deno.test(`a function that ${what} ${cause?.name} fails the attempt`, async () => {
      const error = await rejection(sourceOf(() => fail(cause)).next());
      assert(error instanceof ConnectError);
      assert.equal(
        error.message,
        "Cannot connect to http://h:1: the token function threw an error. Look at the cause of this error.",
      );
      assert.equal(error.cause, cause);
    });
  }

  Deno.test(`a LoginError of a function that ${what} is not changed`, async () => {
    const error = new LoginError("logged out");
    assert(
      await throwsExactly(() => sourceOf(() => fail(error)).next(), error),
    );
  });
}

Deno.test("a function that returns nothing in time fails with a TimeoutError", async () => {
  let aborted: AbortSignal | undefined;
  const source = sourceOf(({ signal }) => {
    aborted = signal;
    return new Promise(() => {});
  }, { timeout: 1 });
  const error = await rejection(source.next());
  assert(error instanceof TimeoutError);
  assert.equal(
    error.message,
    "Cannot connect to http://h:1: the token function returned no token within 1 ms. Make it faster or raise 'timeout'.",
  );
  assert.equal(aborted?.reason, error);
});

Deno.test("the signal of the caller aborts the function, whose late error is ignored", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const source = sourceOf(async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    await endOfTick();
    throw new Error("late");
  });
  const next = source.next(controller.signal);
  controller.abort(reason);
  assert(await throwsExactly(() => next, reason));
  await endOfTick();
  await endOfTick();
});

Deno.test("an error that the abort causes in the function does not replace the reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const source = sourceOf(({ signal }) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(new Error("aborted")))
    )
  );
  const next = source.next(controller.signal);
  controller.abort(reason);
  assert(await throwsExactly(() => next, reason));
});

Deno.test("the function is not called if the signal has aborted", async () => {
  let calls = 0;
  const source = sourceOf(() => `t${++calls}`);
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  assert(await throwsExactly(() => source.next(signal), reason));
  assert.equal(calls, 0);
});

Deno.test("logIn() makes one attempt if the token is accepted, or is a string", async () => {
  const tried: string[] = [];
  const accept = (token: string) => Promise.resolve(tried.push(token));
  assert.equal(await tokensOf("a", "b").logIn(accept), 1);
  const error = new LoginError("no");
  const refuse = (token: string) => {
    tried.push(token);
    return Promise.reject(error);
  };
  assert(await throwsExactly(() => sourceOf("test").logIn(refuse), error));
  assert.deepEqual(tried, ["a", "test"]);
});

Deno.test("logIn() makes a second attempt with another token, and no third", async () => {
  const tried: string[] = [];
  const rejected: unknown[] = [];
  const errors = [new LoginError("first"), new LoginError("second")];
  const refuse = (token: string) => {
    tried.push(token);
    return Promise.reject(errors[tried.length - 1]);
  };
  const source = tokensOf("a", "b", "c");
  const onRejected = (error: LoginError) => rejected.push(error, tried.length);
  const login = () => source.logIn(refuse, undefined, onRejected);
  assert(await throwsExactly(login, errors[1]));
  assert.deepEqual(tried, ["a", "b"]);
  assert.deepEqual(rejected, [errors[0], 1]);
});

Deno.test("logIn() does not try a token again that the server has rejected", async () => {
  const tried: string[] = [];
  const error = new LoginError("no");
  const refuse = (token: string) => {
    tried.push(token);
    return Promise.reject(error);
  };
  assert(await throwsExactly(() => tokensOf("a", "a").logIn(refuse), error));
  assert.deepEqual(tried, ["a"]);
});

Deno.test("logIn() asks for no other token after another failure", async () => {
  const error = new ConnectError("no server");
  const source = tokensOf("a");
  assert(
    await throwsExactly(() => source.logIn(() => Promise.reject(error)), error),
  );
});

Deno.test("logIn() reports that the function failed the second time", async () => {
  let calls = 0;
  const source = sourceOf(() => {
    if (++calls === 2) throw new Error("offline");
    return "a";
  });
  const refuse = () => Promise.reject(new LoginError("no"));
  assert(await rejection(source.logIn(refuse)) instanceof ConnectError);
});

Deno.test("the log shows no token of the function", async () => {
  const logger = new LogRecorder();
  const tokens = ["secret-secret", "secret-secret-2"];
  const log = clientLog(logger);
  const source = sourceOf(() => tokens.shift()!, { log });
  await source.next();
  await source.next();
  log.warn("secret-secret-2 secret-secret");
  assert.deepEqual(logger.lines, [
    "warn receive: http://h:1: [redacted] [redacted]",
  ]);
});

Deno.test("checkTokenSource() accepts a string and a function", () => {
  checkTokenSource("Cannot connect", "test");
  checkTokenSource("Cannot connect", () => "test");
  for (const token of ["", 5, null, { secret: 1 }]) {
    assert.throws(() => checkTokenSource("Cannot connect", token), {
      name: "TypeError",
      message:
        "Cannot connect: the token must be a non-empty string. Pass the token of the server, or a function that returns it.",
    });
  }
});
