/** Runs a command that talks to a server inside the test. */

import type { CommandContext } from "../../cli/context.ts";
import { runCommand } from "../../cli/commands.ts";
import type { Server } from "../../server.ts";
import { makeContext, type Outcome } from "./command_line.ts";
import { LogRecorder } from "./log_recorder.ts";

/** Runs a command against a server until it ends by itself. */
export async function runAgainst(
  server: Pick<Server, "url">,
  args: readonly string[],
  changes: Partial<CommandContext> = {},
): Promise<Outcome> {
  const command = startAgainst(server, args, changes);
  const code = await command.ended;
  return { code, printed: command.printed, errors: command.errors };
}

/** A command that runs. */
export interface RunningCommand {
  readonly ended: Promise<number>;
  readonly printed: readonly string[];
  readonly errors: readonly string[];
  /** Its lines: `info` for the standard output, `error` for the standard error */
  readonly output: LogRecorder;
  /** Interrupts it like Ctrl-C, and returns its exit code */
  interrupt(): Promise<number>;
}

/** Starts a command against a server. Its token is `test`. */
export function startAgainst(
  { url }: Pick<Server, "url">,
  args: readonly string[],
  changes: Partial<CommandContext> = {},
): RunningCommand {
  const stop = new AbortController();
  const output = new LogRecorder();
  const { context, printed, errors } = makeContext({
    signal: stop.signal,
    readTokenVariable: () => ({ isDenied: false, token: "test" }),
    readUrlVariable: () => url,
    ...changes,
  });
  const ended = runCommand(args, {
    ...context,
    print: (line) => {
      context.print(line);
      output.info(line);
    },
    printError: (line) => {
      context.printError(line);
      output.error(line);
    },
  });
  const interrupt = () => {
    stop.abort();
    return ended;
  };
  return { ended, printed, errors, output, interrupt };
}
