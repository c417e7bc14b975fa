import assert from "node:assert/strict";
import { parseCommandLine } from "../../cli/command.ts";
import { COMMANDS } from "../../cli/commands.ts";
import { helpOf, overviewOf } from "../../cli/help.ts";
import { flagName } from "../../cli/parse.ts";

const PROGRAM = { program: "hoist", hasVersion: true };

const HELPS = [
  ["overview", overviewOf(COMMANDS)],
  ...COMMANDS.map((command) => [command.name, helpOf(command, PROGRAM)]),
] as [string, string][];

for (const [name, help] of HELPS) {
  const lines = help.split("\n");

  Deno.test(`the help of ${name} fits a terminal of 80 columns and 50 lines`, () => {
    assert.deepEqual(lines.filter((line) => line.length > 80), []);
    assert(lines.length <= 50, `${lines.length} lines`);
  });

  Deno.test(`the help of ${name} has no empty line at its end, and no blank ends of lines`, () => {
    assert.notEqual(lines.at(-1), "");
    assert.deepEqual(lines.filter((line) => / $/.test(line)), []);
  });
}

for (const command of COMMANDS) {
  const help = helpOf(command, PROGRAM);

  Deno.test(`the help of ${command.name} describes every flag and argument`, () => {
    const flags = Object.keys(command.flags).map(flagName);
    for (const name of [...flags, "help", "version"]) {
      assert.match(help, new RegExp(`^ {2}(-\\w, | {4})--${name}\\b`, "m"));
    }
    for (const { name } of command.arguments ?? []) {
      assert.match(help, new RegExp(`^ {2}${name} `, "m"));
    }
  });

  Deno.test(`the examples of ${command.name} are valid and show no token`, () => {
    const { examples = [] } = command;
    assert.notEqual(examples.length, 0);
    for (const example of examples) {
      const args = example.split(" ");
      const request = parseCommandLine(COMMANDS, args);
      assert(request.kind === "run", JSON.stringify(request));
      assert.equal(request.command, command);
      assert.doesNotMatch(example, / (-t|--token) /);
    }
  });

  Deno.test(`the overview has ${command.name}`, () => {
    assert(overviewOf(COMMANDS).includes(`\n  ${command.name} `));
  });
}

Deno.test("the help of a group is about its commands", () => {
  const commands = COMMANDS.filter(({ name }) => name.startsWith("admin "));
  const help = overviewOf(commands, "admin");
  assert.match(help, /^Usage: hoist admin <command> \[options\]$/m);
  assert.match(help, /^Run 'hoist admin <command> --help' for /m);
  assert.doesNotMatch(help, /HOIST_BROKER/);
});

for (const { name, flags, permissions } of COMMANDS) {
  Deno.test(`the permissions of ${name} name the flags that read a file, and no others`, () => {
    const files = Object.entries(flags)
      .filter(([, { placeholder }]) => placeholder === "path")
      .map(([key]) => `--${flagName(key)}`);
    const [, reading = ""] = /-R for ([^;]*)/.exec(permissions) ?? [];
    assert.deepEqual(reading.match(/--[a-z-]+/g) ?? [], files);
    assert.equal(reading.includes("-d @path"), "data" in flags);
  });
}
