import assert from "node:assert/strict";
import { parseCommandLine } from "../../cli/command.ts";
import { COMMANDS } from "../../cli/commands.ts";
import { defined, type ServeFlags } from "../../cli/serve_flags.ts";
import { LOG_LEVELS } from "../../common/log_format.ts";
import { problemOf as problemIn, serveFlags } from "../support/command_line.ts";

/** Returns the flags of a command line that starts a server. */
function flagsOf(...args: readonly string[]): ServeFlags {
  return serveFlags(args);
}

/** Returns the problem of an invalid command line. */
function problemOf(...args: readonly string[]): string {
  const problem = problemIn(args);
  const end = " Run with --help to list the options.";
  return problem.endsWith(end) ? problem.slice(0, -end.length) : problem;
}

const DEFAULTS: ServeFlags = {
  hideToken: false,
  showToken: false,
  dashboard: false,
  metrics: false,
  debug: false,
  trace: false,
};

for (const args of [[], ["serve"], ["--", "serve"]]) {
  Deno.test(`[${args.join(" ")}] starts a server with the defaults`, () => {
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
  ["--log-format", null, "json", { logFormat: "json" }],
  ["--broker", null, "nats://a", { broker: "nats://a" }],
  ["--workers", null, "4", { workers: 4 }],
];

for (const [long, short, value, expected] of VALUE_FLAGS) {
  Deno.test(`${long} accepts a value after a space or an equals sign`, () => {
    const flags = { ...DEFAULTS, ...expected };
    assert.deepEqual(flagsOf(long, value), flags);
    assert.deepEqual(flagsOf(`${long}=${value}`), flags);
    assert.deepEqual(flagsOf("serve", long, value), flags);
    assert.deepEqual(flagsOf(long, value, "serve"), flags);
  });

  Deno.test(`${long} needs a value`, () => {
    const problem =
      `Option ${long} needs a value. Write ${long}=-value if the value starts with a dash.`;
    assert.equal(problemOf(long), problem);
    assert.equal(problemOf(`${long}=`), problem);
    assert.equal(problemOf(long, "--debug"), problem);
    assert.equal(problemOf(long, "--", "serve"), problem);
  });

  Deno.test(`the last ${long} applies`, () => {
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

Deno.test("rejects an empty value of an option", () => {
  // A shell produces this from --token "$TOKEN" if there is no such variable.
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

Deno.test("a switch has no value", () => {
  assert.deepEqual(flagsOf("--debug", "serve"), { ...DEFAULTS, debug: true });
});

Deno.test("accepts all flags together", () => {
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
    dashboard: false,
    metrics: false,
    hideToken: true,
    showToken: false,
    cert: "e",
    key: "f",
    logLevel: "error",
    debug: true,
    trace: true,
  });
});

const REQUESTS: readonly (readonly [string, readonly string[]])[] = [
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

for (const [kind, args] of REQUESTS) {
  Deno.test(`[${args.join(" ")}] requests the ${kind}`, () => {
    assert.equal(parseCommandLine(COMMANDS, args).kind, kind);
  });
}

for (const value of ["007", "1e3", "true", "a=b", "a b", "$1"]) {
  Deno.test(`accepts the token ${value}`, () => {
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
  Deno.test(`--log-level accepts ${level} in lower and upper case`, () => {
    assert.equal(flagsOf("--log-level", level).logLevel, level);
    assert.equal(flagsOf("-l", level.toUpperCase()).logLevel, level);
  });
}

Deno.test("--log-level accepts the numbers of Python", () => {
  const levels = ["10", "20", "30", "40", "50"].map((number) =>
    flagsOf("--log-level", number).logLevel
  );
  assert.deepEqual(levels, LOG_LEVELS);
});

Deno.test("--log-format rejects another format", () => {
  assert.equal(
    problemOf("--log-format", "xml"),
    'Option --log-format must be one of text, json, not "xml".',
  );
});

Deno.test("rejects --hide-token together with --show-token", () => {
  assert.equal(
    problemOf("--hide-token", "--show-token"),
    "Use either --hide-token or --show-token, not both.",
  );
});

for (const level of ["trace", "warning", "toString", "1", "35"]) {
  Deno.test(`--log-level rejects ${level}`, () => {
    assert.equal(
      problemOf("--log-level", level),
      `Option --log-level must be one of debug, info, warn, error, critical, 10, 20, 30, 40, 50, not "${level}".`,
    );
  });
}

const NOT_NUMBERS = ["a", "1.5", "1e3", "0x10", "-1", "+1", " 1", "1 ", "８"];

for (const text of [...NOT_NUMBERS, "9".repeat(16), "Infinity"]) {
  Deno.test(`--port and --token-length reject "${text}"`, () => {
    for (const flag of ["--port", "--token-length"]) {
      assert.equal(
        problemOf(`${flag}=${text}`),
        `Option ${flag} must be a whole number, not "${text}".`,
      );
    }
  });
}

Deno.test("--port accepts leading zeros", () => {
  assert.equal(flagsOf("--port", "0").port, 0);
  assert.equal(flagsOf("--port", "0080").port, 80);
});

Deno.test("rejects --token together with --token-file", () => {
  assert.equal(
    problemOf("--token", "a", "--token-file", "b"),
    "Use either --token or --token-file, not both.",
  );
});

Deno.test("--cert needs --key, and --key needs --cert", () => {
  const problem = "TLS needs both --cert and --key. Pass both or neither.";
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
  Deno.test(`rejects the unknown option ${option}`, () => {
    const args = [[option], [option, "value"], ["serve", option]];
    for (const each of [...args, ["--help", option]]) {
      const problem = problemOf(...each);
      assert(problem.startsWith(`Unknown option ${option}.`), problem);
    }
  });
}

Deno.test("suggests the option with the nearest name", () => {
  const problem = "Unknown option --prot. Did you mean --port?";
  assert.equal(problemOf("--prot"), problem);
  assert.equal(
    problemOf("--nothing-like-it"),
    "Unknown option --nothing-like-it.",
  );
});

Deno.test("the error for an unknown option does not contain its value", () => {
  assert.equal(
    problemOf("--tokem=secret"),
    "Unknown option --tokem. Did you mean --token?",
  );
});

Deno.test("the error for an unknown option escapes control characters", () => {
  assert.equal(problemOf("--a\u001b[2J"), "Unknown option --a\\u{1b}[2J.");
});

Deno.test("the error for -tsecret does not contain the token", () => {
  // Many programs accept this for -t secret.
  assert.doesNotMatch(problemOf("-tsecret"), /secret/);
});

for (const value of ["-secret", "--secret", "-t", "-xyz=1"]) {
  Deno.test(`explains how to pass ${value} as a token`, () => {
    const problem =
      "Option --token needs a value. Write --token=-value if the value starts with a dash.";
    assert.equal(problemOf("-t", value), problem);
    assert.equal(problemOf("--token", value), problem);
    assert.equal(problemOf("-p", "80", "--token", value, "--debug"), problem);
  });
}

Deno.test("worker is a command only if nothing follows it", () => {
  assert.match(problemOf("worker", "--port", "1"), /Unknown command "worker"/);
});

Deno.test("rejects unknown commands", () => {
  const remedy = "Run with --help to list the commands.";
  for (
    const [args, shown] of [
      [["nothing"], ' "nothing"'],
      [["nothing", "--help"], ' "nothing"'],
      [["--", "--xyz"], " after the options"],
      [["--help", "nothing"], " after the options"],
      [["-p", "80", "nothing"], " after the options"],
    ] as const
  ) {
    assert.equal(problemOf(...args), `Unknown command${shown}. ${remedy}`);
  }
  assert.equal(
    problemOf("Serve"),
    `Unknown command "Serve". Did you mean 'serve'?`,
  );
});

Deno.test("rejects further words after serve", () => {
  const problem =
    "Unexpected argument 1: the command accepts no arguments. Quote a value that contains spaces.";
  for (const words of [["now"], ["serve"], ["--", "-x"]]) {
    assert.equal(problemOf("serve", ...words), problem);
  }
});

Deno.test("parsing does not change the arguments", () => {
  const args = Object.freeze(["serve", "-p", "80", "--debug"]);
  assert.equal(flagsOf(...args).port, 80);
  assert.deepEqual(args, ["serve", "-p", "80", "--debug"]);
});

Deno.test("defined() omits only undefined values", () => {
  const fields = { a: undefined, b: null, c: 0, d: "", e: false };
  assert.deepEqual(defined(fields), { b: null, c: 0, d: "", e: false });
});
