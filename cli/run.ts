/**
 * The command line: runs a command and returns its exit code.
 *
 * @module
 */

import { type Command, parseCommandLine } from "./command.ts";
import type { CommandContext, TokenVariable } from "./context.ts";
import { aborted } from "../common/async.ts";
import { HoistError } from "../common/errors.ts";
import { describeError, Interruption } from "./program.ts";
import { VERSION } from "../version.ts";

/**
 * Runs a command line; returns the exit code.
 *
 * @param commands All commands. The first one is the default
 * @param args The arguments
 * @param context What the command needs from the process
 */
export async function runRequest(
  commands: readonly Command[],
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  const request = parseCommandLine(commands, args);
  switch (request.kind) {
    case "help":
      context.print(await helpFor(commands, request.name));
      return 0;
    case "version":
      context.print(`hoist ${VERSION}`);
      return 0;
    case "usage":
      context.printError(`error: ${request.problem}`);
      return 2;
    case "run": {
      const { run } = await request.command.load();
      return await run(request.input, context);
    }
  }
}

/** Returns the help of a command, of a group of commands, or of all commands. */
async function helpFor(
  commands: readonly Command[],
  name: string | undefined,
): Promise<string> {
  const { helpOf, overviewOf } = await import("./help.ts");
  const command = commands.find((command) => command.name === name);
  if (command !== undefined) {
    return helpOf(command, { program: "hoist", hasVersion: true });
  }
  return overviewOf(
    commands.filter((command) =>
      name === undefined || command.name.startsWith(`${name} `)
    ),
    name,
  );
}

/**
 * Runs a command with the context of this process, which signals interrupt.
 *
 * @param connect Connects to a server
 * @param run Runs the command; returns the exit code
 */
export async function runInProcess(
  connect: CommandContext["connect"],
  run: (context: CommandContext) => Promise<number>,
): Promise<number> {
  const interruption = new Interruption();
  const output = new StandardOutput();
  try {
    const code = await run(contextOf(connect, interruption, output));
    return code === 0 ? reportFailure(output.closed) : code;
  } finally {
    interruption.stopListening();
  }
}

/** A command can end before it notices that its output could not be written. */
function reportFailure({ aborted, reason }: AbortSignal): number {
  if (!aborted || !(reason instanceof HoistError)) return 0;
  console.error(describeError(reason));
  return 1;
}

function contextOf(
  connect: CommandContext["connect"],
  interruption: Interruption,
  output: StandardOutput,
): CommandContext {
  // A person, or a pipe, can let a command wait for ever.
  const untilInterrupted = <Value>(reading: Promise<Value>) =>
    Promise.race([reading, aborted(interruption.signal)]);
  // Such a terminal shows control sequences as they are.
  const isDumb = readVariable("TERM").value === "dumb";
  return {
    connect,
    print: (line) => output.print(line),
    printError: (line) => console.error(line),
    // With OpenTelemetry, Deno exports what is written to the console.
    writeError: (text) => writeAll(new TextEncoder().encode(text), Deno.stderr),
    readTextFile: (path) => untilInterrupted(Deno.readTextFile(path)),
    readFileMode,
    readTokenVariable,
    readBrokerVariable: () => readVariable("HOIST_BROKER").value,
    readUrlVariable: () => readVariable("HOIST_URL").value,
    readInput: () => untilInterrupted(new Response(Deno.stdin.readable).text()),
    askSecret: (question) => askSecret(question, interruption),
    openTerminal: async () =>
      isDumb ? null : (await import("./terminal.ts")).openTerminal(),
    hasColors: !isDumb && !Deno.noColor && Deno.stdout.isTerminal(),
    outputClosed: output.closed,
    isTerminal: !isDumb && Deno.stderr.isTerminal(),
    signal: interruption.signal,
  };
}

/** Writes lines to the standard output, until nothing reads them any more. */
class StandardOutput {
  readonly #closed = new AbortController();

  /**
   * Aborts when the reader has gone, as `head` does after its last line. If writing has failed for
   * another reason, a `HoistError` is the reason.
   */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  print(line: string): void {
    if (this.closed.aborted) return;
    try {
      writeAll(new TextEncoder().encode(`${line}\n`));
    } catch (error) {
      // The command ends by itself: an exception would not end it in a listener.
      const isUnread = error instanceof Deno.errors.BrokenPipe;
      this.#closed.abort(isUnread ? undefined : unwritable(error));
    }
  }
}

/** A full disk is the usual reason, for which Deno has no class of errors. */
function unwritable(cause: unknown): HoistError {
  const { message } = Object(cause);
  return new HoistError(`Cannot write to the standard output: ${message}`, {
    cause,
  });
}

function writeAll(
  bytes: Uint8Array,
  output: { writeSync(bytes: Uint8Array): number } = Deno.stdout,
): void {
  for (let start = 0; start < bytes.length;) {
    start += output.writeSync(bytes.subarray(start));
  }
}

/** A question on a standard output that is no terminal would be a part of the result. */
async function askSecret(
  question: string,
  interruption: Interruption,
): Promise<string | null> {
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) return null;
  const { promptSecret } = await import("@std/cli/prompt-secret");
  // While it waits, no listener to a signal can run.
  interruption.stopListening();
  try {
    return promptSecret(question);
  } finally {
    interruption.listen();
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

/** Reads `HOIST_TOKEN`. */
function readTokenVariable(): TokenVariable {
  const { isDenied, value } = readVariable("HOIST_TOKEN");
  return { isDenied, token: value };
}

/** Reads a variable if it can be read without a permission prompt. */
function readVariable(
  variable: string,
): { readonly isDenied: boolean; readonly value?: string | undefined } {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted"
    ? { isDenied: false, value: Deno.env.get(variable) }
    : { isDenied: true };
}
