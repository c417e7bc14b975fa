/**
 * Writes the lines of a log: to the logger of the application or to standard error.
 *
 * @module
 */

import { getLogger } from "@std/log/get-logger";
import {
  callerPrefix,
  formatDetails,
  formatJson,
  formatterFor,
  formatText,
  type LineLevel,
  type LogEntry,
  type LogFormat,
  type Logger,
} from "../common/log_format.ts";

/** A line of a server. */
export interface ServerLogEntry extends LogEntry {
  /** The token of a startup line, which no collector of the console gets */
  readonly token?: string | undefined;
  /** Whether the logger of the application gets the token, too */
  readonly isTokenShared?: boolean;
  /** Whether admins do not see the line */
  readonly isHidden?: boolean;
}

/** Writes a line; does not throw. */
export type LogOutput = (entry: ServerLogEntry) => void;

/**
 * Creates the output of a log.
 *
 * @param logger The logger of the application, if it has one
 * @param format The format of the lines
 */
export function makeOutput(
  logger: Logger | undefined,
  format: LogFormat,
): LogOutput {
  const own = logger ?? configuredLogger();
  if (own === undefined) return makeStandardOutput(format);
  const formatLine = format === "json" ? formatJson : formatText;
  return (entry) => {
    const shown = entry.isTokenShared ? withToken(entry) : entry;
    passLine(own, entry.level, formatLine(shown));
  };
}

function withToken(entry: ServerLogEntry): LogEntry {
  const { message, token } = entry;
  if (token === undefined) return entry;
  return { ...entry, message: `${message} with token ${token}` };
}

/** Passes a line to a logger, which can throw or reject. */
function passLine(logger: Logger, level: LineLevel, line: string): void {
  // An exception of the logger must not end the connection, and there is no other place
  // to report it.
  try {
    const result: unknown = logger[level](line);
    if (result instanceof Promise) result.catch(() => {});
  } catch {
    return;
  }
}

/** Returns the logger `hoist` of `@std/log`, if the application has configured it. */
function configuredLogger(): Logger | undefined {
  // Called when a server starts and not at import, because `setup` of @std/log discards the
  // existing loggers.
  const logger = getLogger("hoist");
  if (logger.handlers.length === 0) return undefined;
  return {
    debug: (line) => void logger.debug(line),
    info: (line) => void logger.info(line),
    warn: (line) => void logger.warn(line),
    error: (line) => void logger.error(line),
  };
}

function makeStandardOutput(format: LogFormat): LogOutput {
  const formatLine = standardFormat(format);
  return (entry) => {
    const line = formatLine(withToken(entry));
    if (entry.token === undefined) passLine(CONSOLE, entry.level, line);
    else writeDirectly(line);
  };
}

function standardFormat(format: LogFormat): (entry: LogEntry) => string {
  const formatLine = formatterFor(format, Deno.stderr.isTerminal());
  const isPlain = formatLine !== formatText || Deno.noColor || isExported();
  return isPlain ? formatLine : formatColored;
}

/** The ANSI colors of the levels: gray, green, yellow and red. */
const COLORS: Readonly<Record<LineLevel, number>> = {
  debug: 90,
  info: 32,
  warn: 33,
  error: 31,
};

/** Formats a line for a terminal: the event has the color of the level. */
function formatColored(entry: LogEntry): string {
  const event = `\x1b[${COLORS[entry.level]}m${entry.event}\x1b[39m`;
  return `${callerPrefix(entry)}${event}: ${formatDetails(entry)}`;
}

/** Writes to standard error, or to the console that Deno exports. */
const CONSOLE: Logger = {
  debug: (line) => writeToConsole("debug", line),
  info: (line) => writeToConsole("info", line),
  warn: (line) => writeToConsole("warn", line),
  error: (line) => writeToConsole("error", line),
};

function writeToConsole(level: LineLevel, line: string): void {
  // `console.debug` and `console.info` write to standard output, which belongs to the
  // program. With OpenTelemetry, the method is the severity of the line.
  const method = isExported() ? level : "error";
  console[method]("%s", line);
}

/** Returns whether Deno exports the console: with `OTEL_DENO=true`. */
function isExported(): boolean {
  const global: { readonly [key: symbol]: unknown } = globalThis;
  const api = Object(global[Symbol.for("opentelemetry.js.api.1")]);
  return api.trace !== undefined && api.trace === Deno.telemetry.tracerProvider;
}

/** Writes a line with a token. No collector of the console gets it. */
function writeDirectly(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  try {
    for (let done = 0; done < bytes.length;) {
      done += Deno.stderr.writeSync(bytes.subarray(done));
    }
  } catch {
    // Standard error is closed.
    return;
  }
}
