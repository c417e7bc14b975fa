import assert from "node:assert/strict";
import { parseCommandLine } from "../../cli/command.ts";
import { COMMANDS } from "../../cli/commands.ts";
import { problemOf } from "../support/command_line.ts";

/** Returns the name of the command, its words and its flags. */
function commandOf(...args: readonly string[]) {
  const request = parseCommandLine(COMMANDS, args);
  assert(request.kind === "run", JSON.stringify(request));
  const { flags, words } = request.input;
  return { name: request.command.name, words, flags };
}

Deno.test("the first command is the default", () => {
  for (const args of [[], ["-p", "80"], ["--debug"]]) {
    assert.equal(commandOf(...args).name, "serve");
  }
});

Deno.test("flags can precede the name of the command", () => {
  const args = "-u http://a --json -qt secret call --timeout=1s add a=1";
  const { name, words, flags } = commandOf(...args.split(" "));
  assert.deepEqual([name, words], ["call", ["add", "a=1"]]);
  assert.deepEqual(flags, {
    url: "http://a",
    token: "secret",
    timeout: 1_000,
    json: true,
    quiet: true,
  });
});

Deno.test("the value of a flag is no command", () => {
  assert.equal(commandOf("--token", "call", "listen").name, "listen");
  assert.equal(commandOf("-t", "call").name, "serve");
});

Deno.test("the words of a command can be names of commands", () => {
  assert.deepEqual(commandOf("call", "send", "call=1").words, [
    "send",
    "call=1",
  ]);
  assert.deepEqual(commandOf("listen", "listen").words, ["listen"]);
});

Deno.test("a command can have two words, with flags between them", () => {
  const { name, words } = commandOf("contract", "--json", "check", "a.json");
  assert.deepEqual([name, words], ["contract check", ["a.json"]]);
});

const PROBLEMS: readonly (readonly [string, string])[] = [
  ["cal add", `Unknown command "cal". Did you mean 'call'?`],
  ["cal -q add", `Unknown command "cal". Did you mean 'call'?`],
  ["-q cal add", `Unknown command after the options. Did you mean 'call'?`],
  ["connect", `Unknown command "connect". Did you mean 'call'?`],
  ["start", `Unknown command "start". Did you mean 'serve'?`],
  ["version", `Unknown command "version". Did you mean '--version'?`],
  ["emit x", `Unknown command "emit". Did you mean 'send'?`],
  [
    "contract chekc x",
    `Unknown command "contract chekc". Did you mean 'contract check'?`,
  ],
  [
    "contract zzz",
    `Unknown command "contract zzz". Run with --help to list the commands.`,
  ],
  [
    "admin",
    "The command admin needs a second word: clients, rooms, broadcast, disconnect, revoke or top.",
  ],
  ["contract", "The command contract needs a second word: show or check."],
  [
    "contract --json",
    "The command contract needs a second word: show or check.",
  ],
  [
    "--nope call",
    "Unknown option --nope. Run with --help to list the options.",
  ],
];

for (const [line, problem] of PROBLEMS) {
  Deno.test(`[${line}] is a mistake`, () => {
    assert.equal(problemOf(line.split(" ")), problem);
  });
}

const PYTHON: readonly (readonly [string, string])[] = [
  ["call x --payload {}", "Unknown option --payload. Did you mean --data?"],
  [
    "call -e x",
    "Unknown option -e. Write the name after the command: call NAME.",
  ],
  [
    "call --execute x",
    "Unknown option --execute. Write the name after the command: call NAME.",
  ],
  ["serve --host a", "Unknown option --host. Did you mean --hostname?"],
  [
    "serve --default-len 5",
    "Unknown option --default-len. Did you mean --token-length?",
  ],
  [
    "serve --token-string ab",
    "Unknown option --token-string. Did you mean --token-alphabet?",
  ],
  [
    "serve --fancy",
    "Unknown option --fancy. Omit it: log lines suit files and terminals alike.",
  ],
];

for (const [line, start] of PYTHON) {
  Deno.test(`[${line}] of Python Hoist gets a suggestion`, () => {
    const problem = problemOf(line.split(" "));
    assert.equal(problem, `${start} Run with --help to list the options.`);
  });
}

/** The rest of the token "a secret", which was not quoted. */
const STRAY_WORDS = [
  "-t a secret",
  "-t a calsecret add",
  "contract -t a secret",
  "serve -t a secret",
  "ping --token a secret",
  "token secret",
  "admin clients --token a secret",
  "contract check -t a contract.json secret",
];

for (const line of STRAY_WORDS) {
  Deno.test(`the error for [${line}] does not show the word, which can be a part of a token`, () => {
    assert.doesNotMatch(problemOf(line.split(" ")), /secret/);
  });
}

Deno.test("the error for an unknown command is escaped and shortened", () => {
  const problem = problemOf([`\x1b[2J${"x".repeat(5_000)}`]);
  assert.match(problem, /^Unknown command "\\u001b\[2Jx+…"\. /);
  assert(problem.length < 300, `${problem.length}`);
});

for (
  const [line, name] of [
    ["help", undefined],
    ["--help", undefined],
    ["-p 1 --help", undefined],
    ["help call", "call"],
    ["call --help", "call"],
    ["--help call", "call"],
    ["help contract", "contract"],
    ["contract check -h", "contract check"],
  ] as const
) {
  Deno.test(`[${line}] requests the help of ${name ?? "all commands"}`, () => {
    const request = parseCommandLine(COMMANDS, line.split(" "));
    assert.equal(request.kind, "help");
    assert.equal("name" in request ? request.name : undefined, name);
  });
}

Deno.test("a flag is of the same kind in all commands, because it can precede them", () => {
  const kinds = new Map<string, boolean>();
  for (const { name: command, flags } of COMMANDS) {
    for (const [key, { short, placeholder }] of Object.entries(flags)) {
      for (const name of [key, ...(short === undefined ? [] : [short])]) {
        const hasValue = placeholder !== undefined;
        assert.equal(
          kinds.get(name) ?? hasValue,
          hasValue,
          `${command} ${name}`,
        );
        kinds.set(name, hasValue);
      }
    }
  }
});

Deno.test("no two commands have the same name, and no two flags of a command the same letter", () => {
  const names = COMMANDS.flatMap(({ name, alsoKnownAs = [] }) => [
    ...[name, ...alsoKnownAs],
  ]);
  assert.equal(new Set(names).size, names.length);
  for (const { flags } of COMMANDS) {
    const letters = Object.values(flags).flatMap(({ short = [] }) => short);
    const all = [...letters, "h", "v"];
    assert.equal(new Set(all).size, all.length);
  }
});
