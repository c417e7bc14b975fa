/**
 * The command line: runs a command and returns its exit code.
 *
 * @module
 */

import { type Command, parseCommand } from "./cli/arguments.ts";
import type { CommandContext, TokenVariable } from "./cli/context.ts";
import { HELP } from "./cli/help.ts";
import { Interruption } from "./cli/program.ts";
import { runServer } from "./cli/serve.ts";
import { VERSION } from "./version.ts";

/** Runs a command; returns the exit code. */
export async function runCommand(
  command: Command,
  context: CommandContext,
): Promise<number> {
  switch (command.kind) {
    case "help":
      context.print(HELP);
      return 0;
    case "version":
      context.print(`hoist ${VERSION}`);
      return 0;
    case "usage":
      context.printError(
        `error: ${command.problem} Run with --help to list the options.`,
      );
      return 2;
    case "serve":
      return await runServer(command.flags, context);
  }
}

/** Runs the command line of this process; returns the exit code. */
export async function runCommandLine(): Promise<number> {
  const interruption = new Interruption();
  try {
    return await runCommand(parseCommand(Deno.args), {
      print: (line) => console.log(line),
      printError: (line) => console.error(line),
      readTextFile: (path) => Deno.readTextFile(path),
      readFileMode,
      readTokenVariable,
      isTerminal: Deno.stderr.isTerminal(),
      signal: interruption.signal,
    });
  } finally {
    interruption.stopListening();
  }
}

/** Windows has other permissions, and a file can be gone by now. */
async function readFileMode(path: string): Promise<number | null> {
  try {
    return (await Deno.stat(path)).mode;
  } catch {
    return null;
  }
}

/** Reads `HOIST_TOKEN` if it can be read without a permission prompt. */
function readTokenVariable(): TokenVariable {
  const variable = "HOIST_TOKEN";
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted"
    ? { isDenied: false, token: Deno.env.get(variable) }
    : { isDenied: true };
}
