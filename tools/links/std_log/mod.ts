/**
 * A stand-in for `jsr:@std/log` in checkouts that do not reach JSR. There is no port of
 * the package on npm. The stand-in has the names, signatures and output of 0.224.14
 * that this project uses. The published package uses the genuine package.
 *
 * @module
 */

/** The levels, by name */
export const LogLevels = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
} as const;

/** The name of a level */
export type LevelName = keyof typeof LogLevels;

/** The number of a level */
export type LogLevel = typeof LogLevels[LevelName];

/** A logged line with its level, for handlers */
export interface LogRecord {
  readonly msg: string;
  readonly level: number;
  readonly levelName: string;
  readonly loggerName: string;
}

/** Base class of handlers, which write the records of their level and above */
export abstract class BaseHandler {
  level: LogLevel;

  constructor(levelName: LevelName) {
    this.level = LogLevels[levelName];
  }

  handle(logRecord: LogRecord): void {
    if (this.level <= logRecord.level) this.log(this.format(logRecord));
  }

  format(logRecord: LogRecord): string {
    return `${logRecord.levelName} ${logRecord.msg}`;
  }

  abstract log(msg: string): void;
}

/** Passes logged lines to its handlers */
export class Logger {
  level: LogLevel;
  handlers: BaseHandler[];
  readonly loggerName: string;

  constructor(
    loggerName: string,
    levelName: LevelName,
    options: { handlers?: BaseHandler[] } = {},
  ) {
    this.loggerName = loggerName;
    this.level = LogLevels[levelName];
    this.handlers = options.handlers ?? [];
  }

  debug(msg: string): string {
    return this.#record("DEBUG", msg);
  }

  info(msg: string): string {
    return this.#record("INFO", msg);
  }

  warn(msg: string): string {
    return this.#record("WARN", msg);
  }

  error(msg: string): string {
    return this.#record("ERROR", msg);
  }

  #record(levelName: LevelName, msg: string): string {
    const level = LogLevels[levelName];
    if (level < this.level) return msg;
    const record = { msg, level, levelName, loggerName: this.loggerName };
    for (const handler of this.handlers) handler.handle(record);
    return msg;
  }
}

/** The argument of {@linkcode setup} */
export interface LogConfig {
  handlers?: Record<string, BaseHandler>;
  loggers?: Record<string, { level?: LevelName; handlers?: string[] }>;
}

const loggers = new Map<string, Logger>();

/** Returns the logger with a name. Creates it without handlers if it does not exist */
export function getLogger(name = "default"): Logger {
  let logger = loggers.get(name);
  if (logger === undefined) {
    logger = new Logger(name, "NOTSET");
    loggers.set(name, logger);
  }
  return logger;
}

/** Replaces all loggers with those of a configuration */
export function setup(config: LogConfig): void {
  loggers.clear();
  for (const [name, logger] of Object.entries(config.loggers ?? {})) {
    const handlers = (logger.handlers ?? []).flatMap((handler) =>
      config.handlers?.[handler] ?? []
    );
    loggers.set(name, new Logger(name, logger.level ?? "INFO", { handlers }));
  }
}
