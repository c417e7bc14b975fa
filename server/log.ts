/**
 * The log of a server: levels, redaction of tokens, and the output to standard error.
 *
 * @module
 */

import { BaseHandler } from "@std/log/base-handler";
import { getLogger } from "@std/log/get-logger";
import type { LogRecord } from "@std/log/logger";
import { debugOptions } from "../common/debug_state.ts";
import { LOG_LEVELS, type Logger, type LogLevel } from "../common/logger.ts";

/** Options of {@linkcode Log} */
export interface LogOptions {
  /** Receives the lines; standard error if omitted */
  readonly logger?: Logger | undefined;
  /** The minimum level */
  readonly logLevel: LogLevel;
  /** The tokens that the log must not contain, except for the startup line */
  readonly secrets: readonly string[];
}

/** How many later secrets are remembered, because each of them slows down every line. */
const MAX_HIDDEN = 16;

/** Logs the lines of one server. A line has the format `<event>: <what happened>`. */
export class Log {
  readonly #logger: Logger;
  /** The index of the minimum level in `LOG_LEVELS` */
  readonly #rank: number;
  readonly #secrets: readonly string[];
  /** The secrets that were added later */
  #hidden: readonly string[] = [];
  #pattern: RegExp;

  constructor({ logger, logLevel, secrets }: LogOptions) {
    this.#logger = logger ?? standardLogger();
    this.#rank = LOG_LEVELS.indexOf(logLevel);
    this.#secrets = secrets;
    this.#pattern = patternOf(secrets);
  }

  /** The length of the longest secret, in UTF-16 code units */
  get secretLength(): number {
    return this.#allSecrets.reduce(
      (longest, { length }) => Math.max(longest, length),
      0,
    );
  }

  get #allSecrets(): readonly string[] {
    return [...this.#secrets, ...this.#hidden];
  }

  /** Adds a secret that the following lines must not contain. */
  hide(secret: string): void {
    this.#hidden = [...this.#hidden, secret].slice(-MAX_HIDDEN);
    this.#pattern = patternOf(this.#allSecrets);
  }

  /** Whether debug lines are logged */
  get debugs(): boolean {
    return this.#logs("debug");
  }

  /** Logs a debug line. Calls `detail` only if the line is logged. */
  debug(event: string, detail: () => string): void {
    if (this.#logs("debug")) this.#write("debug", event, detail);
  }

  /** Logs a normal event. */
  info(event: string, detail: string): void {
    if (this.#logs("info")) {
      this.#write("info", event, () => detail);
    }
  }

  /** Logs a probable mistake. */
  warn(event: string, detail: string): void {
    if (this.#logs("warn")) {
      this.#write("warn", event, () => detail);
    }
  }

  /** Logs a failure. */
  error(event: string, detail: string): void {
    if (this.#logs("error")) {
      this.#write("error", event, () => detail);
    }
  }

  /** Logs an exception of a callback, with its stack. */
  exception(
    detail: string,
    error: unknown,
    ...secrets: readonly string[]
  ): void {
    if (!this.#logs("error")) return;
    const withStack = () =>
      `${detail}\n${this.redact(inspectError(error), ...secrets)}`;
    this.#write("error", "error", withStack);
  }

  /** Logs an event of the HTTP server if `debug({ http: true })` was called. */
  http(detail: () => string): void {
    if (debugOptions()?.http) this.#write("debug", "http", detail);
  }

  /** Replaces the tokens in a string that comes from outside. */
  redact(value: string, ...secrets: readonly string[]): string {
    const pattern = secrets.length === 0
      ? this.#pattern
      : patternOf([...this.#allSecrets, ...secrets]);
    return value.replace(pattern, "[redacted]");
  }

  #logs(level: LogLevel): boolean {
    return debugOptions() !== undefined ||
      LOG_LEVELS.indexOf(level) >= this.#rank;
  }

  #write(
    level: LogLevel,
    event: string,
    detail: () => string,
  ): void {
    const trace = debugOptions()?.trace ? `[${callerName()}] ` : "";
    // An exception of the logger must not end the connection, and there is no other place
    // to report it.
    try {
      const line = `${trace}${event}: ${detail()}`;
      const result: unknown = this.#logger[level](line);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      return;
    }
  }
}

/** Returns a pattern for all secrets, the longest first, because one can contain another. */
function patternOf(secrets: readonly string[]): RegExp {
  const patterns = secrets
    .filter((secret) => secret !== "")
    // In JSON and in the output of `Deno.inspect`, some characters are escaped.
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .sort((one, other) => other.length - one.length)
    .map((secret) => secret.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  // Without secrets, the pattern matches nothing.
  return new RegExp(patterns.join("|") || "(?!)", "g");
}

/** A line of a stack that calls a method of `Log` or `ConnectionLog`. */
const LOG_METHOD = /^\s*at (?:Connection)?Log\./;

/** Returns the name of the function that logs: the first one outside of the logs. */
function callerName(): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callerName);
  const [, ...frames] = holder.stack?.split("\n") ?? [];
  const frame = frames.find((frame) => !LOG_METHOD.test(frame));
  const name = frame?.match(/^\s*at (?:new )?([^\s(]+) \(/)?.[1];
  return name?.split(".").at(-1)?.replace("#", "") ?? "anonymous";
}

/** Formats an error with its stack and its causes. */
export function inspectError(error: unknown): string {
  try {
    return Deno.inspect(error);
  } catch {
    return "an error that cannot be formatted";
  }
}

/** Returns the logger `hoist` of `@std/log`, which writes to standard error by default. */
function standardLogger(): Logger {
  // Called when a server starts and not at import, because `setup` of @std/log discards the
  // existing loggers.
  const logger = getLogger("hoist");
  if (logger.handlers.length === 0) {
    logger.handlers.push(new ErrorOutput("DEBUG"));
  }
  return {
    debug: (line) => void logger.debug(line),
    info: (line) => void logger.info(line),
    warn: (line) => void logger.warn(line),
    error: (line) => void logger.error(line),
  };
}

const COLORS = new Map([
  ["DEBUG", "color: gray"],
  ["INFO", "color: green"],
  ["WARN", "color: yellow"],
  ["ERROR", "color: red"],
]);

/** Writes lines to standard error, with the time and the level. */
class ErrorOutput extends BaseHandler {
  #level = "";

  override handle(record: LogRecord): void {
    this.#level = record.levelName;
    super.handle(record);
  }

  override format({ msg }: LogRecord): string {
    return msg;
  }

  override log(line: string): void {
    // The console omits the colors under NO_COLOR and without a terminal.
    console.error(
      "%s %c%s%c %s",
      new Date().toISOString(),
      COLORS.get(this.#level) ?? "",
      this.#level,
      "color: unset",
      line,
    );
  }
}
