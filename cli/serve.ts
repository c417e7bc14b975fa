/**
 * The command `serve`, which starts a server.
 *
 * @module
 */

import { formatterFor, type LogEntry } from "../common/log_format.ts";
import { isLogged } from "../common/logger.ts";
import { escapeLines } from "../common/text.ts";
import { debug, serve, type ServeOptions } from "../server.ts";
import { defined, type ServeFlags, withFlagNames } from "./arguments.ts";
import type { CommandContext } from "./context.ts";
import { describeError } from "./program.ts";
import { readFile, readToken } from "./token.ts";

/**
 * Serves until the signal aborts.
 *
 * @returns The exit code: 0 after a signal, 2 for an invalid option, 1 for another error
 */
export async function runServer(
  flags: ServeFlags,
  context: CommandContext,
): Promise<number> {
  try {
    if (flags.debug) debug({ trace: flags.trace, http: true });
    const { token, notes } = await readToken(flags, context);
    const options = await readOptions(flags, context);
    await using server = serve(token, { ...options, signal: context.signal });
    for (const note of notes) logNote(note, flags, context);
    await server.finished;
    return 0;
  } catch (error) {
    if (context.signal.aborted && error === context.signal.reason) return 0;
    return report(error, context);
  }
}

function report(error: unknown, context: CommandContext): number {
  // `serve` throws these for an invalid option, which is an invalid flag here.
  if (error instanceof TypeError || error instanceof RangeError) {
    context.printError(withFlagNames(escapeLines(`error: ${error.message}`)));
    return 2;
  }
  context.printError(withFlagNames(describeError(error)));
  return 1;
}

/** Logs a line of the command line in the format of the other lines. */
function logNote(
  note: LogEntry,
  { logLevel = "info", logFormat = "text", debug, trace }: ServeFlags,
  context: CommandContext,
): void {
  if (!debug && !isLogged(note.level, logLevel)) return;
  const caller = trace ? "start" : undefined;
  const formatLine = formatterFor(logFormat, context.isTerminal);
  context.printError(formatLine({ ...note, caller }));
}

async function readOptions(
  flags: ServeFlags,
  context: CommandContext,
): Promise<ServeOptions> {
  const { hostname, port, minimumVersion, tokenLength, tokenAlphabet } = flags;
  const cert = flags.cert && await readFile(flags.cert, context);
  const key = flags.key && await readFile(flags.key, context);
  const { hideToken, showToken, logLevel, logFormat } = flags;
  return {
    hideToken,
    showToken,
    ...defined({ hostname, port, minimumVersion, tokenLength, tokenAlphabet }),
    ...defined({ cert, key, logLevel, logFormat }),
  };
}
