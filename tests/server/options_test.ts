import assert from "node:assert/strict";
import { type Contract } from "../../contract/contract.ts";
import { defineContract } from "../../contract/define.ts";
import { type LoginDecision } from "../../auth.ts";
import { LOG_LEVELS, type LogLevel } from "../../common/logger.ts";
import { type ServerOptions } from "../../server/options.ts";
import { resolveLimits } from "../../server/limits.ts";
import { type ResolvedOptions, resolveOptions } from "../../server/options.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";

interface Owner {
  readonly token: string;
}

function resolve(
  options: ServerOptions<Owner, LoginDecision, Contract> = {},
): ResolvedOptions<Owner> {
  return resolveOptions("test", options);
}

Deno.test("a server's options are these if left out", () => {
  const { isAllowed, ...options } = resolve();
  assert(isAllowed("http://localhost:8000", "localhost:5000"));
  assert(!isAllowed("http://example.org", "localhost:5000"));
  assert.deepEqual(options, {
    token: "test",
    tokens: [],
    secrets: ["test"],
    login: undefined,
    contract: undefined,
    exposeContract: false,
    limits: resolveLimits(),
    onSlow: "disconnect",
    trustProxy: 0,
    minimumVersion: undefined,
    hideToken: false,
    exposeErrors: false,
    closeTimeout: 5_000,
    logLevel: "info",
    logger: undefined,
    signal: undefined,
    unknown: [],
  });
});

Deno.test("a server's options are those that are given", () => {
  const contract = defineContract({ operations: { add: {}, fly: {} } });
  const options = {
    login: () => true,
    contract,
    exposeContract: true,
    limits: { maxDepth: 3 },
    onSlow: "skip",
    allowedOrigins: ["http://example.org"],
    trustProxy: true,
    minimumVersion: "1.2.3",
    hideToken: true,
    exposeErrors: true,
    closeTimeout: 0,
    logLevel: "error",
    logger: new LogRecorder(),
    signal: AbortSignal.abort(),
  } as const;
  const { isAllowed, ...resolved } = resolve(options);
  const { allowedOrigins, ...given } = options;
  assert(isAllowed(allowedOrigins[0], "localhost:5000"));
  assert.deepEqual(resolved, {
    ...given,
    token: "test",
    tokens: [],
    secrets: ["test"],
    limits: resolveLimits({ maxDepth: 3 }),
    trustProxy: 1,
    unknown: [],
  });
});

Deno.test("a server makes a token of 25 letters if none is given", () => {
  const { token } = resolveOptions(undefined, {});
  assert.match(token, /^[a-zA-Z]{25}$/);
  assert.notEqual(token, resolveOptions(undefined, {}).token);
});

Deno.test("tokenLength and tokenAlphabet say what token a server makes", () => {
  const length = resolveOptions(undefined, { tokenLength: 40 });
  assert.match(length.token, /^[a-zA-Z]{40}$/);
  const alphabet = resolveOptions(undefined, { tokenAlphabet: "01" });
  assert.match(alphabet.token, /^[01]{25}$/);
});

Deno.test("tokenLength and tokenAlphabet have no say if there is a token", () => {
  const options = { tokenLength: 40, tokenAlphabet: "01" };
  assert.equal(resolveOptions("test", options).token, "test");
});

for (const tokenLength of [0, 1_025, 1.5, NaN]) {
  Deno.test(`a server refuses ${tokenLength} as tokenLength`, () => {
    assert.throws(() => resolveOptions(undefined, { tokenLength }), {
      name: "RangeError",
      message:
        `Cannot make a token as its length must be a whole number from 1 to 1024: current value is ${tokenLength}`,
    });
  });
}

Deno.test("a server refuses a tokenAlphabet of one character", () => {
  assert.throws(() => resolveOptions(undefined, { tokenAlphabet: "a" }), {
    name: "TypeError",
    message:
      "Cannot make a token as its alphabet must have at least two characters: current number is 1",
  });
});

Deno.test("a server refuses a tokenAlphabet with one character twice", () => {
  assert.throws(() => resolveOptions(undefined, { tokenAlphabet: "abca" }), {
    name: "TypeError",
    message:
      'Cannot make a token as the characters of its alphabet must be distinct: "a" stands there twice',
  });
});

for (const token of ["", null, 5]) {
  Deno.test(`a server refuses ${JSON.stringify(token)} as its token`, () => {
    assert.throws(() => resolveOptions(token as string, {}), {
      name: "TypeError",
      message:
        "Cannot serve as the token must be a text of at least one character: leave it out to have one made",
    });
  });
}

const LONGEST = 2_147_483_647;

for (const [name, minimum] of [["closeTimeout", 0]] as const) {
  for (const value of [minimum, LONGEST]) {
    Deno.test(`a server takes ${value} as ${name}`, () => {
      assert.equal(resolve({ [name]: value })[name], value);
    });
  }

  for (const value of [minimum - 1, LONGEST + 1, Infinity, -Infinity, NaN]) {
    Deno.test(`a server refuses ${value} as ${name}`, () => {
      assert.throws(() => resolve({ [name]: value }), {
        name: "RangeError",
        message:
          `Cannot serve as '${name}' must be from ${minimum} to ${LONGEST} milliseconds: current value is ${value}`,
      });
    });
  }
}

for (const minimumVersion of ["0.0.1", "1.2.3-rc.1+build"]) {
  Deno.test(`a server takes ${minimumVersion} as minimumVersion`, () => {
    assert.equal(resolve({ minimumVersion }).minimumVersion, minimumVersion);
  });
}

for (const minimumVersion of ["", "1", "1.2", "latest", "1.2.3.4", "^1.2.3"]) {
  Deno.test(`a server refuses "${minimumVersion}" as minimumVersion`, () => {
    assert.throws(() => resolve({ minimumVersion }), {
      name: "TypeError",
      message:
        `Cannot serve as 'minimumVersion' must be a version such as "1.2.3": current value is "${minimumVersion}"`,
    });
  });
}

for (const logLevel of LOG_LEVELS) {
  Deno.test(`a server takes ${logLevel} as logLevel`, () => {
    assert.equal(resolve({ logLevel }).logLevel, logLevel);
  });
}

for (const logLevel of ["", "trace", "INFO", "toString"]) {
  Deno.test(`a server refuses "${logLevel}" as logLevel`, () => {
    assert.throws(() => resolve({ logLevel: logLevel as LogLevel }), {
      name: "TypeError",
      message:
        `Cannot serve as 'logLevel' must be one of debug, info, warn, error: current value is "${logLevel}"`,
    });
  });
}

Deno.test("a server warns of options that there are none of, and takes the others", async () => {
  const logger = new LogRecorder();
  const options = { logger, host: "192.0.2.1", hidetoken: true };
  await using server = serveQuietly(options);
  assert.equal(server.addr.hostname, "127.0.0.1");
  assert.deepEqual(logger.lines.slice(0, 2), [
    'warn options: there is no option "host"',
    'warn options: there is no option "hidetoken"',
  ]);
  const known = new LogRecorder();
  await using _server = serveQuietly({ logger: known, reusePort: false });
  assert.match(known.lines[0] ?? "", /^info startup: /);
});
