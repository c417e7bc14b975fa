/**
 * Stands in for `jsr:@std/log` in checkouts that reach npm and not JSR, where the
 * package has no port. It has the names, signatures and output of 0.224.14 that
 * this project uses and nothing more; what is published uses the genuine package.
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

/** One thing logged, as the handlers get it */
export interface LogRecord {
  readonly msg: string;
  readonly level: number;
  readonly levelName: string;
  readonly loggerName: string;
}

/** Writes records of its level and above somewhere; to be subclassed */
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

/** Hands what is logged to its handlers */
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

/** What `setup` takes */
export interface LogConfig {
  handlers?: Record<string, BaseHandler>;
  loggers?: Record<string, { level?: LevelName; handlers?: string[] }>;
}

const loggers = new Map<string, Logger>();

/** The logger of that name, made without handlers if there is none yet */
export function getLogger(name = "default"): Logger {
  let logger = loggers.get(name);
  if (logger === undefined) {
    logger = new Logger(name, "NOTSET");
    loggers.set(name, logger);
  }
  return logger;
}

/** Replaces all loggers by those of `config` */
export function setup(config: LogConfig): void {
  loggers.clear();
  for (const [name, logger] of Object.entries(config.loggers ?? {})) {
    const handlers = (logger.handlers ?? []).flatMap((handler) =>
      config.handlers?.[handler] ?? []
    );
    loggers.set(name, new Logger(name, logger.level ?? "INFO", { handlers }));
  }
}
