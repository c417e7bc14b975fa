import assert from "node:assert/strict";
import {
  type Command,
  defined,
  parseCommand,
  type ServeFlags,
} from "../../cli/arguments.ts";
import { LOG_LEVELS } from "../../common/logger.ts";

/** The flags of a command line that starts a server. */
function flagsOf(...args: readonly string[]): ServeFlags {
  const command = parseCommand(args);
  assert(command.kind === "serve", JSON.stringify(command));
  return command.flags;
}

/** What is wrong with a command line. */
function problemOf(...args: readonly string[]): string {
  const command = parseCommand(args);
  assert(command.kind === "usage", JSON.stringify(command));
  return command.problem;
}

const DEFAULTS: ServeFlags = { hideToken: false, debug: false, trace: false };

for (const args of [[], ["serve"], ["--", "serve"]]) {
  Deno.test(`[${args.join(" ")}] starts a server as it is by default`, () => {
    assert.deepEqual(flagsOf(...args), DEFAULTS);
  });
}

type Flags = readonly (readonly [
  long: string,
  short: string | null,
  value: string,
  expected: Partial<ServeFlags>,
])[];

const VALUE_FLAGS: Flags = [
  ["--token", "-t", "secret", { token: "secret" }],
  ["--token-file", null, "a.txt", { tokenFile: "a.txt" }],
  ["--hostname", "-H", "127.0.0.1", { hostname: "127.0.0.1" }],
  ["--port", "-p", "8080", { port: 8080 }],
  ["--minimum-version", "-m", "1.2.3", { minimumVersion: "1.2.3" }],
  ["--token-length", null, "40", { tokenLength: 40 }],
  ["--token-alphabet", null, "01", { tokenAlphabet: "01" }],
  ["--log-level", "-l", "warn", { logLevel: "warn" }],
];

for (const [long, short, value, expected] of VALUE_FLAGS) {
  Deno.test(`${long} takes a value, after a space or an equals sign`, () => {
    const flags = { ...DEFAULTS, ...expected };
    assert.deepEqual(flagsOf(long, value), flags);
    assert.deepEqual(flagsOf(`${long}=${value}`), flags);
    assert.deepEqual(flagsOf("serve", long, value), flags);
    assert.deepEqual(flagsOf(long, value, "serve"), flags);
  });

  Deno.test(`${long} needs a value`, () => {
    const problem =
      `Option ${long} needs a value; one that starts with a dash is written ${long}=-value`;
    assert.equal(problemOf(long), problem);
    assert.equal(problemOf(`${long}=`), problem);
    assert.equal(problemOf(long, "--debug"), problem);
    assert.equal(problemOf(long, "--", "serve"), problem);
  });

  Deno.test(`the last ${long} counts`, () => {
    const flags = flagsOf(long, "1", long, value);
    assert.deepEqual(flags, { ...DEFAULTS, ...expected });
  });

  if (short === null) continue;
  Deno.test(`${short} is short for ${long}`, () => {
    const flags = { ...DEFAULTS, ...expected };
    assert.deepEqual(flagsOf(short, value), flags);
    assert.deepEqual(flagsOf(`${short}=${value}`), flags);
    assert.deepEqual(flagsOf("serve", short, value), flags);
  });

  Deno.test(`${short} needs a value`, () => {
    assert.match(problemOf(short), new RegExp(`^Option ${long} needs a value`));
  });
}

Deno.test("an option needs a value that is not empty", () => {
  // What a shell makes of --token "$TOKEN" if there is no such variable.
  for (const [long] of VALUE_FLAGS) {
    const problem = problemOf(long, "");
    assert(problem.startsWith(`Option ${long} needs a value`), problem);
  }
});

Deno.test("--hide-token, --debug and --trace are switches", () => {
  assert.deepEqual(flagsOf("--hide-token"), { ...DEFAULTS, hideToken: true });
  assert.deepEqual(flagsOf("--debug"), { ...DEFAULTS, debug: true });
});

Deno.test("--trace implies --debug", () => {
  const flags = { ...DEFAULTS, debug: true, trace: true };
  assert.deepEqual(flagsOf("--trace"), flags);
  assert.deepEqual(flagsOf("--trace", "--debug"), flags);
});

Deno.test("a switch does not take the word after it", () => {
  assert.deepEqual(flagsOf("--debug", "serve"), { ...DEFAULTS, debug: true });
});

Deno.test("all flags of a server go together", () => {
  const line =
    "serve -t a -H b -p 1 -m 1.2.3 --token-length 2 --token-alphabet cd " +
    "--hide-token --cert e --key f -l error --debug --trace";
  assert.deepEqual(flagsOf(...line.split(" ")), {
    token: "a",
    hostname: "b",
    port: 1,
    minimumVersion: "1.2.3",
    tokenLength: 2,
    tokenAlphabet: "cd",
    hideToken: true,
    cert: "e",
    key: "f",
    logLevel: "error",
    debug: true,
    trace: true,
  });
});

const ASKING: readonly (readonly [Command["kind"], readonly string[]])[] = [
  ["help", ["--help"]],
  ["help", ["-h"]],
  ["help", ["serve", "--help"]],
  ["help", ["--help", "--version"]],
  ["help", ["--help", "--port", "none"]],
  ["version", ["--version"]],
  ["version", ["-v"]],
  ["version", ["serve", "-v"]],
  ["version", ["--version", "--port", "none"]],
];

for (const [kind, args] of ASKING) {
  Deno.test(`[${args.join(" ")}] asks for the ${kind}`, () => {
    assert.deepEqual(parseCommand(args), { kind });
  });
}

for (const value of ["007", "1e3", "true", "a=b", "a b", "$1"]) {
  Deno.test(`a token may look like this: ${value}`, () => {
    assert.equal(flagsOf("--token", value).token, value);
    assert.equal(flagsOf(`--token=${value}`).token, value);
  });
}

for (const value of ["-dash", "--token", "--", "-"]) {
  Deno.test(`a token that starts with a dash needs an equals sign: ${value}`, () => {
    assert.equal(flagsOf(`--token=${value}`).token, value);
    assert.equal(flagsOf(`-t=${value}`).token, value);
  });
}

for (const level of LOG_LEVELS) {
  Deno.test(`--log-level takes ${level}, in capitals too`, () => {
    assert.equal(flagsOf("--log-level", level).logLevel, level);
    assert.equal(flagsOf("-l", level.toUpperCase()).logLevel, level);
  });
}

for (const level of ["trace", "warning", "toString", "1"]) {
  Deno.test(`--log-level does not take ${level}`, () => {
    assert.equal(
      problemOf("--log-level", level),
      `Option --log-level needs one of debug, info, warn, error, not ${level.toLowerCase()}`,
    );
  });
}

const NO_NUMBERS = ["a", "1.5", "1e3", "0x10", "-1", "+1", " 1", "1 ", "８"];

for (const text of [...NO_NUMBERS, "9".repeat(16), "Infinity"]) {
  Deno.test(`--port and --token-length do not take "${text}" for a number`, () => {
    for (const flag of ["--port", "--token-length"]) {
      assert.equal(
        problemOf(`${flag}=${text}`),
        `Option ${flag} needs a whole number, not ${text}`,
      );
    }
  });
}

Deno.test("--port takes zeros for what they are", () => {
  assert.equal(flagsOf("--port", "0").port, 0);
  assert.equal(flagsOf("--port", "0080").port, 80);
});

Deno.test("--token and --token-file exclude each other", () => {
  assert.equal(
    problemOf("--token", "a", "--token-file", "b"),
    "Options --token and --token-file exclude each other",
  );
});

Deno.test("--cert and --key go together", () => {
  const problem = "Options --cert and --key go together";
  assert.equal(problemOf("--cert", "a"), problem);
  assert.equal(problemOf("--key", "a"), problem);
  assert.deepEqual(flagsOf("--cert", "a", "--key", "b"), {
    ...DEFAULTS,
    cert: "a",
    key: "b",
  });
});

const UNKNOWN_OPTIONS = [
  "--nope",
  "-x",
  "--Port",
  "--no-debug",
  "--token.x",
  "--__proto__",
  "--constructor",
  "--toString",
  "--_",
  "-_",
];

for (const option of UNKNOWN_OPTIONS) {
  Deno.test(`${option} is no option`, () => {
    const problem = `Unknown option ${option}`;
    assert.equal(problemOf(option), problem);
    assert.equal(problemOf(option, "value"), problem);
    assert.equal(problemOf("serve", option), problem);
    assert.equal(problemOf("--help", option), problem);
  });
}

Deno.test("what is said of an unknown option does not repeat its value", () => {
  assert.equal(problemOf("--tokem=secret"), "Unknown option --tokem");
});

Deno.test("what is said of -tsecret does not repeat the token", () => {
  // Many programs take it for -t secret.
  assert.doesNotMatch(problemOf("-tsecret"), /secret/);
});

Deno.test("there is no command but serve", () => {
  assert.equal(problemOf("start"), "Unknown command start");
  assert.equal(problemOf("Serve"), "Unknown command Serve");
  assert.equal(problemOf("--", "--token"), "Unknown command --token");
  assert.equal(problemOf("--help", "start"), "Unknown command start");
});

Deno.test("serve takes no further words", () => {
  assert.equal(problemOf("serve", "now"), "Unexpected argument now");
  assert.equal(problemOf("serve", "serve"), "Unexpected argument serve");
  assert.equal(problemOf("serve", "--", "-x"), "Unexpected argument -x");
});

Deno.test("parseCommand() leaves the arguments as they are", () => {
  const args = Object.freeze(["serve", "-p", "80", "--debug"]);
  assert.equal(flagsOf(...args).port, 80);
  assert.deepEqual(args, ["serve", "-p", "80", "--debug"]);
});

Deno.test("defined() leaves out what is undefined and nothing else", () => {
  const fields = { a: undefined, b: null, c: 0, d: "", e: false };
  assert.deepEqual(defined(fields), { b: null, c: 0, d: "", e: false });
});
