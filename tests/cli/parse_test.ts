import assert from "node:assert/strict";
import { duration, oneOf, text, toggle, wholeNumber } from "../../cli/flags.ts";
import {
  type Argument,
  flagName,
  type FlagTable,
  type FlagValues,
  parse,
  UsageError,
} from "../../cli/parse.ts";

const FLAGS = {
  outFile: text({ short: "o", placeholder: "path", help: "the file" }),
  rounds: wholeNumber({
    placeholder: "number",
    min: 1,
    max: 9,
    default: 3,
    help: "how many",
  }),
  color: oneOf(["red", "blue"], { placeholder: "color", help: "the color" }),
  wait: duration({ placeholder: "time", default: "2s", help: "how long" }),
  plot: text({ placeholder: "file", implied: "a.svg", help: "the plot" }),
  fast: toggle({ short: "f", help: "hurry" }),
};

const DEFAULTS = { rounds: 3, wait: 2_000, fast: false };

const WORDS: readonly Argument[] = [
  { name: "NAME", help: "its name" },
  { name: "REST", help: "the rest", isOptional: true, isRepeated: true },
];

const HINTS = { "--old": "Use --out-file.", "-z": "Use -o." };

const SYNTAX = { name: "tool", summary: "Works", flags: FLAGS, hints: HINTS };

function run(...args: readonly string[]) {
  const parsed = parse({ ...SYNTAX, arguments: WORDS }, args);
  assert(parsed.kind === "run", JSON.stringify(parsed));
  return parsed;
}

function problemOf(...args: readonly string[]): string {
  const parsed = parse({ ...SYNTAX, arguments: WORDS }, args);
  assert(parsed.kind === "usage", JSON.stringify(parsed));
  return parsed.problem;
}

Deno.test("returns the defaults, and omits flags without one", () => {
  const { flags, words } = run("a");
  assert.deepEqual([flags, words], [DEFAULTS, ["a"]]);
});

Deno.test("the types of the values are those of the flags", () => {
  const flags: FlagValues<typeof FLAGS> = run("a").flags;
  const rounds: number = flags.rounds;
  const file: string | undefined = flags.outFile;
  const color: "red" | "blue" | undefined = flags.color;
  // @ts-expect-error: there is no such flag
  const nothing: unknown = flags.nothing;
  const rest = [file, color, nothing];
  assert.deepEqual([rounds, ...rest], [3, undefined, undefined, undefined]);
});

Deno.test("the order of flags and words does not matter", () => {
  const line = "-f a --rounds 5 b -o x --color=red --wait 500ms c";
  const { flags, words } = run(...line.split(" "));
  const given = {
    outFile: "x",
    rounds: 5,
    color: "red",
    wait: 500,
    fast: true,
  };
  assert.deepEqual([flags, words], [given, ["a", "b", "c"]]);
});

Deno.test("words stay strings, also those that look like numbers", () => {
  assert.deepEqual(run("007", "1e3", "-", "--", "-5", "--fast", "0x10").words, [
    ...["007", "1e3", "-", "-5", "--fast", "0x10"],
  ]);
});

Deno.test("a dash is the value of a flag", () => {
  assert.equal(run("a", "-o", "-").flags.outFile, "-");
  assert.equal(run("a", "--out-file", "-").flags.outFile, "-");
  assert.equal(run("a", "--out-file=-").flags.outFile, "-");
  assert.deepEqual(run("--out-file", "x", "-").words, ["-"]);
  assert.deepEqual(run("a", "--", "--out-file", "-").words, [
    ...["a", "--out-file", "-"],
  ]);
});

Deno.test("a flag with an implied value needs none", () => {
  assert.equal(run("a", "--plot").flags.plot, "a.svg");
  assert.equal(run("a", "--plot=b.svg").flags.plot, "b.svg");
  assert.equal(run("a").flags.plot, undefined);
});

for (
  const [value, expected] of [
    ...[["1ms", 1], ["1.5s", 1_500], ["2", 2_000], ["3m", 180_000]] as const,
    ["1h", 3_600_000] as const,
  ]
) {
  Deno.test(`the time ${value} is ${expected} ms`, () => {
    assert.equal(run("a", "--wait", value).flags.wait, expected);
  });
}

for (
  const value of ["0", "0s", "1d", "s", "1 s", "-1s", "25d", "600h", "1e3"]
) {
  Deno.test(`rejects the time ${value}`, () => {
    assert.equal(
      problemOf("a", `--wait=${value}`),
      `Option --wait must be a time such as 5s, 500ms or 2m, not ${
        JSON.stringify(value)
      }.`,
    );
  });
}

const PROBLEMS: readonly (readonly [readonly string[], string])[] = [
  [[], "The argument NAME is missing: its name."],
  [
    ["a", "--rounds", "0"],
    "Option --rounds must be a whole number from 1 to 9, not 0.",
  ],
  [["a", "--rounds", "x"], 'Option --rounds must be a whole number, not "x".'],
  [
    ["a", "--color", "green"],
    'Option --color must be one of red, blue, not "green".',
  ],
  [["a", "--collor", "red"], "Unknown option --collor. Did you mean --color?"],
  [["a", "--old", "x"], "Unknown option --old. Use --out-file."],
  [["a", "-z"], "Unknown option -z. Use -o."],
  [["a", "--toString"], "Unknown option --toString."],
];

for (const [args, problem] of PROBLEMS) {
  Deno.test(`[${args.join(" ")}] is a mistake`, () => {
    assert.equal(problemOf(...args), problem);
  });
}

Deno.test("rejects more words than there are arguments", () => {
  const parsed = parse({ ...SYNTAX, arguments: WORDS.slice(0, 1) }, ["a", "b"]);
  const problem =
    "Unexpected argument 2: the command only accepts NAME. Quote a value that contains spaces.";
  assert.deepEqual(parsed, { kind: "usage", problem });
});

Deno.test("--help needs no arguments, and --version is only known if it is wanted", () => {
  const syntax = { ...SYNTAX, arguments: WORDS };
  assert.deepEqual(parse(syntax, ["-h"]), { kind: "help" });
  assert.deepEqual(parse(syntax, ["--version"], true), { kind: "version" });
  assert.match(problemOf("--version"), /Unknown option --version/);
});

Deno.test("refine() changes the flags, and its mistakes are reported", () => {
  const refine = (flags: FlagValues<typeof FLAGS>) => {
    if (flags.fast) throw new UsageError("Not so fast.");
    return { ...flags, rounds: 9 };
  };
  const syntax = { ...SYNTAX, refine };
  const parsed = parse(syntax, []);
  assert(parsed.kind === "run");
  assert.equal(parsed.flags.rounds, 9);
  const problem = "Not so fast.";
  assert.deepEqual(parse(syntax, ["-f"]), { kind: "usage", problem });
});

Deno.test("another error than a UsageError is thrown", () => {
  const refine = () => {
    throw new TypeError("a bug");
  };
  const flags: FlagTable = {};
  const syntax = { name: "x", summary: "x", flags, refine };
  assert.throws(() => parse(syntax, []), /a bug/);
});

Deno.test("flagName() separates the words with dashes", () => {
  assert.equal(flagName("tokenFile"), "token-file");
  assert.equal(flagName("url"), "url");
});
