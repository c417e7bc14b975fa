/**
 * Tests of `common/check.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  checkArray,
  checkBoolean,
  checkFunction,
  checkKeys,
  checkNumber,
  checkObject,
  checkOneOf,
  checkSignal,
  checkString,
  checkToken,
  DURATION,
  MAX_TIMEOUT,
  TIMEOUT,
} from "../../common/check.ts";

const S = "Cannot serve";

function any(value: unknown): never {
  return value as never;
}

function messageOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    assert(error instanceof TypeError || error instanceof RangeError);
    return `${error.name}: ${error.message}`;
  }
  return "no error";
}

const KNOWN = {
  timeout: true,
  login: true,
  minimumVersion: true,
  tokenLength: true,
  tokenAlphabet: true,
  hideToken: true,
  logLevel: true,
};

Deno.test("checkKeys accepts known options and omitted options", () => {
  checkKeys(S, { timeout: 1, login: undefined }, KNOWN);
  checkKeys(S, {}, KNOWN);
  checkKeys(S, undefined, KNOWN);
});

Deno.test("checkKeys suggests the nearest option", () => {
  const cases = [
    ["timout", "timeout"],
    ["tiemout", "timeout"],
    ["TIMEOUT", "timeout"],
    ["timeouts", "timeout"],
    ["logLvel", "logLevel"],
    ["token_length", "tokenLength"],
  ] as const;
  for (const [name, meant] of cases) {
    assert.equal(
      messageOf(() => checkKeys("Cannot connect", { [name]: 1 }, KNOWN)),
      `TypeError: Cannot connect: unknown option '${name}'. Did you mean '${meant}'?`,
    );
  }
});

Deno.test("checkKeys lists the options if none is near", () => {
  assert.equal(
    messageOf(() => checkKeys(S, { colour: 1 }, { a: true, login: true })),
    "TypeError: Cannot serve: unknown option 'colour'. The options are a, login.",
  );
});

Deno.test("checkKeys answers the names of Python Hoist with ours", () => {
  const cases = [
    ["login_func", "login"],
    ["minimum_version", "minimumVersion"],
    ["default_token_len", "tokenLength"],
    ["default_token_choices", "tokenAlphabet"],
    ["hide_token", "hideToken"],
    ["log_level", "logLevel"],
  ] as const;
  for (const [name, ours] of cases) {
    assert.equal(
      messageOf(() => checkKeys(S, { [name]: 1 }, KNOWN)),
      `TypeError: Cannot serve: unknown option '${name}'. This package calls it '${ours}'.`,
    );
  }
});

Deno.test("checkKeys sends enable_uvicorn to the option http of debug", () => {
  const options = { enable_uvicorn: true };
  assert.match(
    messageOf(() =>
      checkKeys("Cannot enable debug logging", options, { http: true })
    ),
    /This package calls it 'http'\.$/,
  );
  assert.match(
    messageOf(() => checkKeys(S, options, KNOWN)),
    /Call debug\(\{ http: true \}\) instead\.$/,
  );
});

Deno.test("checkKeys suggests no Python name that the object does not have", () => {
  assert.match(
    messageOf(() => checkKeys(S, { login_func: 1 }, { maxSize: true })),
    /The options are maxSize\.$/,
  );
});

Deno.test("checkKeys names the option that holds the unknown one", () => {
  assert.equal(
    messageOf(() => checkKeys(S, { x: 1 }, { maxRate: true }, "limits")),
    "TypeError: Cannot serve: unknown option 'x' in 'limits'. The options are maxRate.",
  );
});

Deno.test("checkKeys rejects options that are no object", () => {
  assert.equal(
    messageOf(() => checkKeys(S, any("x"), KNOWN)),
    'TypeError: Cannot serve: the options must be an object. They are "x".',
  );
  assert.equal(
    messageOf(() => checkKeys(S, any([]), KNOWN, "limits")),
    "TypeError: Cannot serve: 'limits' must be an object. It is an array.",
  );
  assert.match(messageOf(() => checkKeys(S, any(null), KNOWN)), /are null\.$/);
});

Deno.test("checkKeys ignores the keys that every object inherits", () => {
  assert.match(
    messageOf(() => checkKeys(S, { toString: 1 }, KNOWN)),
    /unknown option 'toString'/,
  );
  checkKeys(S, Object.create({ strange: 1 }), KNOWN);
});

Deno.test("checkKeys escapes and shortens the name of an option", () => {
  const options = { ["\u001b[2J" + "x".repeat(1_000)]: 1 };
  const message = messageOf(() => checkKeys(S, options, KNOWN));
  assert.match(message, /unknown option '\\u\{1b\}\[2Jx+…'/);
  assert(message.length < 300);
});

Deno.test("checkKeys builds a subject only for an error", () => {
  const subject = () => "Cannot call operation";
  assert.match(
    messageOf(() => checkKeys(subject, { timout: 1 }, KNOWN)),
    /^TypeError: Cannot call operation: unknown/,
  );
  checkKeys(() => assert.fail("not called"), { timeout: 1 }, KNOWN);
});

Deno.test("checkNumber returns a number within its range", () => {
  assert.equal(checkNumber(S, "n", 0, DURATION), 0);
  assert.equal(checkNumber(S, "n", 0.5, DURATION), 0.5);
  assert.equal(checkNumber(S, "n", MAX_TIMEOUT, DURATION), MAX_TIMEOUT);
  assert.equal(checkNumber(S, "n", Infinity, TIMEOUT), Infinity);
  assert.equal(checkNumber(S, "n", undefined, TIMEOUT), undefined);
});

Deno.test("checkNumber reports the unit, the range and the value", () => {
  assert.equal(
    messageOf(() => checkNumber("Cannot connect", "timeout", -1, TIMEOUT)),
    "RangeError: Cannot connect: 'timeout' must be a number of milliseconds from 0 to 2147483647, or Infinity. It is -1.",
  );
  assert.equal(
    messageOf(() => checkNumber(S, "grace", Infinity, DURATION)),
    "RangeError: Cannot serve: 'grace' must be a number of milliseconds from 0 to 2147483647. It is Infinity.",
  );
  assert.match(
    messageOf(() => checkNumber(S, "n", NaN, TIMEOUT)),
    /It is NaN\.$/,
  );
});

Deno.test("checkNumber rejects fractions where the range asks for whole numbers", () => {
  const range = { min: 128, integer: true, unit: "bytes", infinity: true };
  assert.equal(
    messageOf(() => checkNumber(S, "limits.maxPayload", 128.5, range)),
    "RangeError: Cannot serve: 'limits.maxPayload' must be a whole number of bytes of at least 128, or Infinity. It is 128.5.",
  );
  assert.match(
    messageOf(() => checkNumber(S, "n", 2 ** 53, range)),
    /RangeError/,
  );
  assert.equal(checkNumber(S, "n", 128, range), 128);
});

Deno.test("checkNumber throws a TypeError for other types", () => {
  const range = { min: 1, max: 5, integer: true };
  assert.equal(
    messageOf(() => checkNumber(S, "port", any("1"), range)),
    "TypeError: Cannot serve: 'port' must be a whole number from 1 to 5. It is \"1\".",
  );
  assert.match(
    messageOf(() => checkNumber(S, "n", any(null), range)),
    /is null\.$/,
  );
  assert.match(
    messageOf(() => checkNumber(S, "n", any(1n), range)),
    /is 1n\.$/,
  );
});

Deno.test("checkString rejects other types and the empty string", () => {
  assert.equal(checkString(S, "url", "x"), "x");
  assert.equal(checkString(S, "url", undefined), undefined);
  assert.equal(
    messageOf(() => checkString(S, "url", "")),
    "TypeError: Cannot serve: 'url' must be a non-empty string. It is empty.",
  );
  assert.match(messageOf(() => checkString(S, "url", any(5))), /It is 5\.$/);
  assert.match(
    messageOf(() => checkString(S, "url", any([]))),
    /It is an array\.$/,
  );
});

Deno.test("checkToken never shows the value", () => {
  const check = (token: unknown) =>
    messageOf(() =>
      checkToken(S, "the token", token, "Omit it to generate one.")
    );
  const message =
    "TypeError: Cannot serve: the token must be a non-empty string. Omit it to generate one.";
  assert.equal(check("secret"), "no error");
  for (const token of ["", 123, { token: "secret" }, undefined, null]) {
    assert.equal(check(token), message);
  }
});

Deno.test("checkBoolean accepts only true and false", () => {
  assert.equal(checkBoolean(S, "hideToken", false), false);
  assert.equal(
    messageOf(() => checkBoolean(S, "hideToken", any("yes"))),
    "TypeError: Cannot serve: 'hideToken' must be true or false. It is \"yes\".",
  );
});

Deno.test("checkFunction accepts only functions", () => {
  const login = () => true;
  assert.equal(checkFunction(S, "login", login), login);
  assert.equal(checkFunction(S, "login", undefined), undefined);
  assert.equal(
    messageOf(() => checkFunction(S, "login", {})),
    "TypeError: Cannot serve: 'login' must be a function. It is an object.",
  );
});

Deno.test("checkObject rejects null and arrays", () => {
  const limits = {};
  assert.equal(checkObject(S, "limits", limits), limits);
  assert.match(
    messageOf(() => checkObject(S, "limits", null)),
    /It is null\.$/,
  );
  assert.match(
    messageOf(() => checkObject(S, "limits", () => {})),
    /must be an object\. It is a function\.$/,
  );
});

Deno.test("checkSignal accepts an AbortSignal", () => {
  const { signal } = new AbortController();
  assert.equal(checkSignal(S, "signal", signal), signal);
  assert.match(
    messageOf(() => checkSignal(S, "signal", any(new AbortController()))),
    /'signal' must be an AbortSignal\. It is an object\.$/,
  );
  assert.match(
    messageOf(() => checkSignal(S, "signal", any(true))),
    /is true\.$/,
  );
});

Deno.test("checkArray reports what the array must contain", () => {
  assert.deepEqual(checkArray(S, "tokens", ["a"], "tokens"), ["a"]);
  assert.equal(
    messageOf(() => checkArray(S, "allowedOrigins", any("*"), "origins")),
    "TypeError: Cannot serve: 'allowedOrigins' must be an array of origins. It is \"*\".",
  );
});

Deno.test("checkOneOf reports the allowed strings", () => {
  assert.equal(checkOneOf(S, "onSlow", "skip", ["disconnect", "skip"]), "skip");
  assert.equal(
    messageOf(() => checkOneOf(S, "onSlow", "wait", ["disconnect", "skip"])),
    'TypeError: Cannot serve: \'onSlow\' must be "disconnect" or "skip". It is "wait".',
  );
  assert.match(
    messageOf(() => checkOneOf(S, "onSlow", any(Symbol("x")), ["a"])),
    /must be "a"\. It is a symbol\.$/,
  );
});
