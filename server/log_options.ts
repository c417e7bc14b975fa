/**
 * The options of the log of a server, their checks and their defaults.
 *
 * @module
 */

import {
  checkBoolean,
  checkObject,
  checkOneOf,
  invalidType,
  outOfRange,
} from "../common/check.ts";
import {
  LINE_LEVELS,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type Logger,
  type LogLevel,
  parseLogLevel,
} from "../common/log_format.ts";

/** Options of the log of a server */
export interface LogOptions {
  /**
   * Whether to omit a generated token from the startup line. With `login`, the startup line
   * never contains a token.
   *
   * @default {false}
   */
  readonly hideToken?: boolean | undefined;
  /**
   * Whether the startup line contains the token even if it was not generated, or if there is
   * a `logger`. It cannot be combined with `hideToken`.
   *
   * @default {false}
   */
  readonly showToken?: boolean | undefined;
  /**
   * Whether the server logs a line with its address when it listens, and warnings about tokens
   * that can be guessed. Several servers that share a port need only one such line.
   *
   * @default {true}
   */
  readonly logStartup?: boolean | undefined;
  /**
   * The minimum level of the log lines, in lower or upper case, or as a number of Python: 10
   * for `debug` to 50 for `critical`. Lines of the level `debug` contain payloads. No line has
   * the level `critical`.
   *
   * @default {"info"}
   */
  readonly logLevel?:
    | LogLevel
    | Uppercase<LogLevel>
    | 10
    | 20
    | 30
    | 40
    | 50
    | undefined;
  /**
   * The format of the log lines: text, or one JSON object in each line.
   *
   * @default {"text"}
   */
  readonly logFormat?: LogFormat | undefined;
  /**
   * Receives the log lines, but not the token of the startup line. If omitted, the server uses
   * the logger `hoist` of `@std/log` if the application has configured it. Otherwise, it writes
   * to standard error.
   */
  readonly logger?: Logger | undefined;
}

/** The names of all options of the log. */
export const LOG_OPTIONS_KEYS: Readonly<Record<keyof LogOptions, true>> = {
  hideToken: true,
  showToken: true,
  logStartup: true,
  logLevel: true,
  logFormat: true,
  logger: true,
};

/** The options of the log after the checks, with defaults. */
export interface ResolvedLogOptions {
  readonly hideToken: boolean;
  readonly showToken: boolean;
  readonly logStartup: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly logger: Logger | undefined;
}

const SERVE = "Cannot serve";

/** Checks the options of the log and adds the defaults. */
export function resolveLogOptions(options: LogOptions): ResolvedLogOptions {
  const { hideToken = false, showToken = false, logStartup = true } = options;
  const { logLevel = "info", logFormat = "text", logger } = options;
  checkBoolean(SERVE, "hideToken", hideToken);
  checkBoolean(SERVE, "showToken", showToken);
  checkBoolean(SERVE, "logStartup", logStartup);
  if (hideToken && showToken) {
    throw new TypeError(
      `${SERVE}: 'hideToken' and 'showToken' exclude each other. Omit one of them.`,
    );
  }
  return {
    hideToken,
    showToken,
    logStartup,
    logLevel: checkLogLevel(logLevel),
    logFormat: checkOneOf(SERVE, "logFormat", logFormat, LOG_FORMATS),
    logger: checkLogger(logger),
  };
}

function checkLogLevel(value: unknown): LogLevel {
  const level = parseLogLevel(value);
  if (level !== undefined) return level;
  const names = LOG_LEVELS.map((level) => JSON.stringify(level)).join(", ");
  const needed = `one of ${names}, or 10, 20, 30, 40 or 50`;
  throw typeof value === "number"
    ? outOfRange(SERVE, "'logLevel'", needed, value)
    : invalidType(SERVE, "'logLevel'", needed, value);
}

function checkLogger(logger: Logger | undefined): Logger | undefined {
  checkObject(SERVE, "logger", logger);
  for (const level of logger === undefined ? [] : LINE_LEVELS) {
    if (typeof logger?.[level] === "function") continue;
    const needed = `an object with the methods ${LINE_LEVELS.join(", ")}`;
    throw invalidType(SERVE, "'logger'", needed, logger);
  }
  return logger;
}
