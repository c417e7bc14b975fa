/** Runs the command line: inside the test, or as a process of its own. */

import assert from "node:assert/strict";
import { BaseHandler, setup } from "@std/log";
import { parseCommandLine } from "../../cli/command.ts";
import { COMMANDS, runCommand } from "../../cli/commands.ts";
import { connect } from "../../client.ts";
import type { CommandContext } from "../../cli/context.ts";
import type { ServeFlags } from "../../cli/serve_flags.ts";
import { Program, ROOT } from "./program.ts";
import { LogRecorder } from "./log_recorder.ts";

/** The arguments for a free port of the loopback interface. */
export const LOOPBACK = ["--hostname", "127.0.0.1", "--port", "0"];

/** Returns the flags of a command line that starts a server. */
export function serveFlags(args: readonly string[]): ServeFlags {
  const request = parseCommandLine(COMMANDS, args);
  assert(request.kind === "run", JSON.stringify(request));
  assert.equal(request.command.name, "serve");
  return request.input.flags as unknown as ServeFlags;
}

/** Returns the problem of an invalid command line. */
export function problemOf(args: readonly string[]): string {
  const request = parseCommandLine(COMMANDS, args);
  assert(request.kind === "usage", JSON.stringify(request));
  return request.problem;
}

/** What a command wrote, and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly printed: readonly string[];
  readonly errors: readonly string[];
}

/** Makes a context that records output. There is no file and no `HOIST_TOKEN`. */
export function makeContext(changes: Partial<CommandContext> = {}) {
  const printed: string[] = [];
  const errors: string[] = [];
  const context: CommandContext = {
    connect,
    print: (line) => void printed.push(line),
    printError: (line) => void errors.push(line),
    writeError: (text) => void errors.push(text),
    readTextFile: (path) => assert.fail(`${path} was read`),
    readFileMode: () => Promise.resolve(0o100600),
    readTokenVariable: () => ({ isDenied: false }),
    readBrokerVariable: () => undefined,
    readUrlVariable: () => undefined,
    readInput: () => assert.fail("the standard input was read"),
    askSecret: () => Promise.resolve(null),
    openTerminal: () => Promise.resolve(null),
    hasColors: false,
    outputClosed: new AbortController().signal,
    isTerminal: false,
    signal: new AbortController().signal,
    ...changes,
  };
  return { context, printed, errors };
}

/** Runs a command that ends by itself. */
export async function run(
  args: readonly string[],
  changes: Partial<CommandContext> = {},
): Promise<Outcome> {
  const { context, printed, errors } = makeContext(changes);
  const code = await runCommand(args, context);
  return { code, printed, errors };
}

/** Runs a server until it has written its startup line with the token; returns it. */
export async function startupLine(
  args: readonly string[],
  changes: Partial<CommandContext> = {},
): Promise<string> {
  const log = recordLog();
  const stop = new AbortController();
  const { context } = makeContext({ ...changes, signal: stop.signal });
  const ended = runCommand(
    [...LOOPBACK, "--show-token", ...args],
    context,
  );
  const line = await log.line(/startup/);
  stop.abort();
  assert.equal(await ended, 0);
  return line;
}

/** Configures `@std/log` so that it records the lines of the next server. */
export function recordLog(): LogRecorder {
  const recorder = new LogRecorder();
  class Output extends BaseHandler {
    override log(line: string): void {
      recorder.info(line);
    }
  }
  setup({
    handlers: { output: new Output("DEBUG") },
    loggers: { hoist: { level: "DEBUG", handlers: ["output"] } },
  });
  return recorder;
}

/** Reads the URL of the server from a startup line. */
export function urlOf(line: string): string {
  const address = line.match(/starting server on (127\.0\.0\.1:[1-9]\d*)/)?.[1];
  assert(address !== undefined, line);
  return `http://${address}`;
}

/** Starts the command line as a process, with permissions and arguments. */
export function startProgram(
  permissions: readonly string[],
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  return new Program([...permissions, `${ROOT}/mod.ts`, ...args], env);
}

/** Runs the command line as a process until it ends. */
export async function runProgram(
  permissions: readonly string[],
  args: readonly string[],
): Promise<{ code: number; lines: readonly string[] }> {
  const { ended, output } = startProgram(permissions, args);
  return { code: await ended, lines: output.lines };
}
