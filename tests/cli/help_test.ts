import assert from "node:assert/strict";
import { HELP } from "../../cli/help.ts";

const LINES = HELP.split("\n");

Deno.test("the help fits a terminal of 80 columns and 40 lines", () => {
  assert.deepEqual(LINES.filter((line) => line.length > 80), []);
  assert(LINES.length <= 40, `${LINES.length} lines`);
});

Deno.test("the help does not end with an empty line", () => {
  assert.notEqual(LINES.at(-1), "");
});

const OPTIONS = [
  "-t, --token <",
  "    --token-file <",
  "-H, --hostname <",
  "-p, --port <",
  "-m, --minimum-version <",
  "    --token-length <",
  "    --token-alphabet <",
  "    --hide-token ",
  "    --cert <",
  "    --key <",
  "-l, --log-level <",
  "    --debug ",
  "    --trace ",
  "-v, --version ",
  "-h, --help ",
];

for (const option of OPTIONS) {
  Deno.test(`the help describes ${option.replace(/[<\s]+$/, "").trim()}`, () => {
    assert(LINES.some((line) => line.startsWith(`  ${option}`)));
  });
}

Deno.test("no example of the help has a token in the command line", () => {
  const examples = LINES.filter((line) => line.startsWith("  deno run "));
  assert(examples.length > 1);
  assert.deepEqual(examples.filter((line) => / (-t|--token) /.test(line)), []);
});
