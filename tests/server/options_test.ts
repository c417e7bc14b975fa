/** The options of a server: defaults, checks and error messages. */

import assert from "node:assert/strict";
import { memory } from "../../broker/memory.ts";
import type { LoginDecision } from "../../auth.ts";
import { LOG_LEVELS } from "../../common/log_format.ts";
import type { Contract } from "../../contract/contract.ts";
import { defineContract } from "../../contract/define.ts";
import { serve, type ServeOptions } from "../../server.ts";
import { resolveLimits } from "../../server/limits.ts";
import {
  type ResolvedOptions,
  resolveOptions,
  type ServerOptions,
} from "../../server/options.ts";
import { LogRecorder } from "../support/log_recorder.ts";

const LOCALHOST = { host: "localhost:5000", isSecure: false };

interface Owner {
  readonly token: string;
}

function resolve(
  options: ServerOptions<Owner, LoginDecision, Contract> = {},
): ResolvedOptions<Owner> {
  return resolveOptions("test", options);
}

Deno.test("omitted options have their defaults", () => {
  const { isAllowed, ...options } = resolve();
  assert(isAllowed("http://localhost:8000", LOCALHOST));
  assert(!isAllowed("http://example.org", LOCALHOST));
  assert.deepEqual(options, {
    token: "test",
    tokens: [],
    isTokenGenerated: false,
    login: undefined,
    hooks: undefined,
    admin: undefined,
    authorize: undefined,
    contract: undefined,
    exposeContract: false,
    limits: resolveLimits(),
    nameLimits: undefined,
    onSlow: "disconnect",
    trustProxy: 0,
    minimumVersion: undefined,
    hideToken: false,
    logStartup: true,
    showToken: false,
    exposeErrors: false,
    closeTimeout: 5_000,
    idleTimeout: 30_000,
    spans: "linked",
    logLevel: "info",
    logFormat: "text",
    logger: undefined,
    signal: undefined,
    broker: undefined,
    requireBroker: false,
  });
});

Deno.test("the options of the caller replace the defaults", () => {
  const contract = defineContract({ operations: { add: {}, fly: {} } });
  const options = {
    login: () => true,
    onConnect: () => {},
    onDisconnect: undefined,
    authorize: () => true,
    contract,
    exposeContract: true,
    limits: { maxDepth: 3 },
    onSlow: "skip",
    allowedOrigins: ["http://example.org"],
    trustProxy: true,
    minimumVersion: "1.2.3",
    hideToken: true,
    logStartup: false,
    showToken: false,
    exposeErrors: true,
    closeTimeout: 0,
    idleTimeout: Infinity,
    spans: "all",
    logLevel: "error",
    logFormat: "json",
    logger: new LogRecorder(),
    signal: AbortSignal.abort(),
    broker: memory(),
    requireBroker: true,
  } as const;
  const { isAllowed, ...resolved } = resolve(options);
  const { allowedOrigins, onConnect, onDisconnect, ...given } = options;
  assert(isAllowed(allowedOrigins[0], LOCALHOST));
  assert.deepEqual(resolved, {
    ...given,
    token: "test",
    hooks: { onConnect, onDisconnect },
    tokens: [],
    admin: undefined,
    isTokenGenerated: false,
    limits: resolveLimits({ maxDepth: 3 }),
    nameLimits: undefined,
    trustProxy: 1,
  });
});

Deno.test("generates a token of 25 letters if it is omitted", () => {
  const { token } = resolveOptions(undefined, {});
  assert.match(token, /^[a-zA-Z]{25}$/);
  assert.notEqual(token, resolveOptions(undefined, {}).token);
});

Deno.test("tokenLength and tokenAlphabet apply to a generated token", () => {
  const length = resolveOptions(undefined, { tokenLength: 40 });
  assert.match(length.token, /^[a-zA-Z]{40}$/);
  const alphabet = resolveOptions(undefined, { tokenAlphabet: "01" });
  assert.match(alphabet.token, /^[01]{25}$/);
});

Deno.test("tokenLength and tokenAlphabet do not change a token of the caller", () => {
  const options = { tokenLength: 40, tokenAlphabet: "01" };
  assert.equal(resolveOptions("test", options).token, "test");
});

for (const tokenAlphabet of ["a", "abca"]) {
  Deno.test(`rejects the tokenAlphabet ${tokenAlphabet}`, () => {
    assert.throws(() => resolveOptions(undefined, { tokenAlphabet }), {
      name: "TypeError",
    });
  });
}

for (const token of ["", null, 5]) {
  Deno.test(`rejects the token ${JSON.stringify(token)}`, () => {
    assert.throws(() => resolveOptions(token as string, {}), {
      name: "TypeError",
      message:
        "Cannot serve: the token must be a non-empty string. Omit it to generate one.",
    });
  });
}

const LONGEST = 2_147_483_647;

const DURATION = `a number of milliseconds from 0 to ${LONGEST}`;

const LEVELS =
  'one of "debug", "info", "warn", "error", "critical", or 10, 20, 30, 40 or 50';

const METHODS = "an object with the methods debug, info, warn, error";

/** A wrong value of each option, the class of the error, and what the option must be */
const MISTAKES: readonly (readonly [object, string, string])[] = [
  [{ login: 5 }, "TypeError", "'login' must be a function. It is 5."],
  [
    { tokens: {} },
    "TypeError",
    "'tokens' must be an array of named tokens. It is an object.",
  ],
  [
    { exposeContract: 1 },
    "TypeError",
    "'exposeContract' must be true or false. It is 1.",
  ],
  [
    { exposeContract: true },
    "TypeError",
    "'exposeContract' needs a contract. Pass one as the option 'contract'.",
  ],
  [{ limits: null }, "TypeError", "'limits' must be an object. It is null."],
  [
    { onSlow: null },
    "TypeError",
    `'onSlow' must be "disconnect" or "skip". It is null.`,
  ],
  [
    { allowedOrigins: "*" },
    "TypeError",
    `'allowedOrigins' must be an array of origins. It is "*".`,
  ],
  [
    { trustProxy: null },
    "TypeError",
    "'trustProxy' must be true, false or a whole number of proxies. It is null.",
  ],
  [
    { minimumVersion: "1.2" },
    "TypeError",
    `'minimumVersion' must be a version such as "1.2.3". It is "1.2".`,
  ],
  [
    { minimumVersion: "" },
    "TypeError",
    `'minimumVersion' must be a version such as "1.2.3". It is empty.`,
  ],
  [
    { minimumVersion: 1 },
    "TypeError",
    `'minimumVersion' must be a version such as "1.2.3". It is 1.`,
  ],
  [
    { tokenLength: 0 },
    "RangeError",
    "'tokenLength' must be a whole number from 1 to 1024. It is 0.",
  ],
  [
    { tokenLength: 1_025 },
    "RangeError",
    "'tokenLength' must be a whole number from 1 to 1024. It is 1025.",
  ],
  [
    { tokenLength: 1.5 },
    "RangeError",
    "'tokenLength' must be a whole number from 1 to 1024. It is 1.5.",
  ],
  [
    { tokenLength: "5" },
    "TypeError",
    `'tokenLength' must be a whole number from 1 to 1024. It is "5".`,
  ],
  [
    { tokenAlphabet: "" },
    "TypeError",
    "'tokenAlphabet' must be a non-empty string. It is empty.",
  ],
  [
    { hideToken: "yes" },
    "TypeError",
    `'hideToken' must be true or false. It is "yes".`,
  ],
  [
    { logStartup: "no" },
    "TypeError",
    `'logStartup' must be true or false. It is "no".`,
  ],
  [
    { exposeErrors: 0 },
    "TypeError",
    "'exposeErrors' must be true or false. It is 0.",
  ],
  [
    { closeTimeout: -1 },
    "RangeError",
    `'closeTimeout' must be ${DURATION}. It is -1.`,
  ],
  [
    { closeTimeout: LONGEST + 1 },
    "RangeError",
    `'closeTimeout' must be ${DURATION}. It is 2147483648.`,
  ],
  [
    { closeTimeout: Infinity },
    "RangeError",
    `'closeTimeout' must be ${DURATION}. It is Infinity.`,
  ],
  [
    { closeTimeout: NaN },
    "RangeError",
    `'closeTimeout' must be ${DURATION}. It is NaN.`,
  ],
  ...[0, 999, LONGEST + 1, NaN].map((idleTimeout) =>
    [
      { idleTimeout },
      "RangeError",
      `'idleTimeout' must be a number of milliseconds from 1000 to 2147483647, or Infinity. It is ${idleTimeout}.`,
    ] as const
  ),
  [
    { idleTimeout: "30 s" },
    "TypeError",
    `'idleTimeout' must be a number of milliseconds from 1000 to 2147483647, or Infinity. It is "30 s".`,
  ],
  [
    { logLevel: 35 },
    "RangeError",
    `'logLevel' must be ${LEVELS}. It is 35.`,
  ],
  [
    { logLevel: "toString" },
    "TypeError",
    `'logLevel' must be ${LEVELS}. It is "toString".`,
  ],
  [
    { logFormat: "xml" },
    "TypeError",
    `'logFormat' must be "text" or "json". It is "xml".`,
  ],
  [
    { hideToken: true, showToken: true },
    "TypeError",
    "'hideToken' and 'showToken' exclude each other. Omit one of them.",
  ],
  [
    { authorize: true },
    "TypeError",
    "'authorize' must be a function. It is true.",
  ],
  [{ logger: 5 }, "TypeError", "'logger' must be an object. It is 5."],
  [
    { logger: { info() {} } },
    "TypeError",
    `'logger' must be ${METHODS}. It is an object.`,
  ],
  [
    { signal: {} },
    "TypeError",
    "'signal' must be an AbortSignal. It is an object.",
  ],
];

for (const [options, name, problem] of MISTAKES) {
  Deno.test(`rejects ${Deno.inspect(options)}`, () => {
    assert.throws(() => resolve(options), {
      name,
      message: `Cannot serve: ${problem}`,
    });
  });
}

Deno.test("rejects login together with tokens", () => {
  assert.throws(() => resolve({ login: () => true, tokens: [] }), {
    name: "TypeError",
    message:
      "Cannot serve: 'login' and 'tokens' exclude each other. Omit one of them.",
  });
});

Deno.test("accepts the limits of each range", () => {
  for (const closeTimeout of [0, LONGEST]) {
    assert.equal(resolve({ closeTimeout }).closeTimeout, closeTimeout);
  }
  for (const idleTimeout of [1_000, LONGEST, Infinity]) {
    assert.equal(resolve({ idleTimeout }).idleTimeout, idleTimeout);
  }
  for (const minimumVersion of ["0.0.1", "1.2.3-rc.1+build"]) {
    assert.equal(resolve({ minimumVersion }).minimumVersion, minimumVersion);
  }
});

Deno.test("logLevel accepts names in both cases, and the numbers of Python", () => {
  const numbers = [10, 20, 30, 40, 50] as const;
  for (const [index, level] of LOG_LEVELS.entries()) {
    const upper = level.toUpperCase() as Uppercase<typeof level>;
    for (const logLevel of [level, upper, numbers[index]]) {
      assert.equal(resolve({ logLevel }).logLevel, level);
    }
  }
});

/** Unknown options of `serve`, and the hint in the error */
const UNKNOWN: readonly (readonly [string, string])[] = [
  ["prot", "Did you mean 'port'?"],
  ["hidetoken", "Did you mean 'hideToken'?"],
  ["close_timeout", "Did you mean 'closeTimeout'?"],
  ["login_func", "This package calls it 'login'."],
  ["minimum_version", "This package calls it 'minimumVersion'."],
  ["default_token_len", "This package calls it 'tokenLength'."],
  ["default_token_choices", "This package calls it 'tokenAlphabet'."],
  ["hide_token", "This package calls it 'hideToken'."],
  ["log_level", "This package calls it 'logLevel'."],
  ["enable_uvicorn", "Call debug({ http: true }) instead."],
];

for (const [name, hint] of UNKNOWN) {
  Deno.test(`serve() rejects the unknown option ${name}`, () => {
    const options = { port: 0, [name]: 1 } as ServeOptions;
    assert.throws(() => serve("test", options), {
      name: "TypeError",
      message: `Cannot serve: unknown option '${name}'. ${hint}`,
    });
  });
}

Deno.test("a server without a port rejects the options of listen()", () => {
  const options = { port: 0 } as ServerOptions<Owner>;
  assert.throws(() => resolveOptions("test", options), {
    name: "TypeError",
    message: /^Cannot serve: unknown option 'port'\. /,
  });
});

Deno.test("rejects a contract with 'requires' without 'authorize'", () => {
  for (
    const contract of [
      defineContract({ operations: { add: {}, drop: { requires: "admin" } } }),
      defineContract({ messages: { drop: { requires: null } } }),
    ]
  ) {
    assert.throws(() => resolveOptions("test", { contract }), {
      name: "TypeError",
      message:
        "Cannot serve: the contract has 'requires' for \"drop\", and nothing checks it. Pass a function as the option 'authorize'.",
    });
    resolveOptions("test", { contract, authorize: () => false });
  }
});
