/**
 * The log lines of the command line itself.
 *
 * @module
 */

import { formatterFor, isLogged, type LogEntry } from "../common/log_format.ts";
import type { ServeFlags } from "./serve_flags.ts";
import type { CommandContext } from "./context.ts";

/** Logs a line of the command line in the format of the other lines. */
export function logNote(
  note: LogEntry,
  { logLevel = "info", logFormat = "text", debug, trace }: ServeFlags,
  context: CommandContext,
): void {
  if (!debug && !isLogged(note.level, logLevel)) return;
  const caller = trace ? "start" : undefined;
  const formatLine = formatterFor(logFormat, context.isTerminal);
  context.printError(formatLine({ ...note, caller }));
}
