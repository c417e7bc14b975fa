import assert from "node:assert/strict";
import { COMMANDS } from "../../cli/commands.ts";
import { flagName } from "../../cli/parse.ts";
import { run } from "../support/command_line.ts";
import { makeScript } from "../support/program.ts";
import { cleanEnvironment } from "../support/environment.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

async function scriptOf(shell: string): Promise<string> {
  const { code, printed } = await run(["completions", shell]);
  assert.equal(code, 0);
  return printed[0]!;
}

/** Runs a shell; returns its output. */
async function execute(
  shell: string,
  args: readonly string[],
): Promise<string> {
  // A shell writes its history and its settings.
  const home = await Deno.makeTempDir();
  const { success, stdout, stderr } = await new Deno.Command(shell, {
    args: [...args],
    ...cleanEnvironment({
      ...{ HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home },
    }),
    stdin: "null",
  }).output();
  await Deno.remove(home, { recursive: true });
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Whether this machine does not have a shell */
function lacks(shell: string): boolean {
  try {
    return !new Deno.Command(shell, { args: ["-c", "true"] }).outputSync()
      .success;
  } catch {
    console.error(`Tests are ignored: install ${shell} to run them.`);
    return true;
  }
}

/** Tests something in a shell. */
function testIn(
  shell: string,
  name: string,
  fn: () => Promise<void>,
): void {
  Deno.test({ name, ignore: lacks(shell), fn });
}

for (const shell of SHELLS) {
  testIn(
    shell,
    `the script for ${shell} has all commands and flags, and is valid`,
    async () => {
      const text = await scriptOf(shell);
      for (const { name, flags } of COMMANDS) {
        for (const word of name.split(" ")) assert(text.includes(word), word);
        for (const key of Object.keys(flags)) {
          assert(text.includes(flagName(key)), key);
        }
      }
      await using script = await makeScript(text);
      await execute(shell, ["-n", script.path]);
    },
  );
}

const COMPLETIONS: readonly (readonly [string, readonly string[]])[] = [
  ["hoist li", ["listen"]],
  ["hoist call --tok", ["--token", "--token-file"]],
  ["hoist contract ", ["check", "show"]],
  ["hoist contract check --ca", ["--ca-cert"]],
  ["hoist completions ", ["bash", "fish", "zsh"]],
  ["hoist serve --log-format ", ["json", "text"]],
];

testIn("bash", "bash completes commands, flags and values", async () => {
  await using script = await makeScript(await scriptOf("bash"));
  for (const [line, expected] of COMPLETIONS) {
    const words = line.split(" ").map((word) => `'${word}'`).join(" ");
    const output = await execute("bash", [
      "-c",
      `source "$0"; COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1))
      _hoist; printf '%s\\n' "\${COMPREPLY[@]}"`,
      script.path,
    ]);
    const found = output.trim().split("\n").filter((word) =>
      line.endsWith("completions ") ? !word.startsWith("-") : true
    );
    assert.deepEqual(found.toSorted(), expected, line);
  }
});

testIn("fish", "fish completes commands, flags and values", async () => {
  await using script = await makeScript(await scriptOf("fish"));
  for (const [line, expected] of COMPLETIONS) {
    const command = `source ${script.path}; complete -C '${line}'`;
    const output = await execute("fish", ["--no-config", "-c", command]);
    const found = output.trim().split("\n").map((row) => row.split("\t")[0]!);
    assert.deepEqual(found.toSorted(), expected, line);
  }
});

Deno.test("rejects another shell", async () => {
  for (const shell of ["csh", "toString"]) {
    const { code, printed, errors } = await run(["completions", shell]);
    assert.deepEqual([code, printed, errors], [2, [], [
      `error: The shell must be one of bash, zsh, fish, not "${shell}".`,
    ]]);
  }
});

Deno.test("token prints a token", async () => {
  const { code, printed } = await run(["token"]);
  assert.equal(code, 0);
  assert.match(printed[0]!, /^[a-zA-Z]{25}$/);
  const args = ["token", "--token-length", "40", "--token-alphabet", "01"];
  assert.match((await run(args)).printed[0]!, /^[01]{40}$/);
  const wrong = await run(["token", "--token-length", "0"]);
  assert.equal(wrong.code, 2);
});
