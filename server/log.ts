/**
 * What a server says to its operator.
 *
 * @module
 */

import type { LogRecord } from "@std/log/logger";
import { BaseHandler } from "@std/log/base-handler";
import { getLogger } from "@std/log/get-logger";
import { LOG_LEVELS, type Logger, type LogLevel } from "../common/logger.ts";
/** Options of {@linkcode debug} */
export interface DebugOptions {
  /**
   * Whether each line starts with the name of the function that wrote it.
   *
   * @default {false}
   */
  readonly trace?: boolean | undefined;
  /**
   * Whether to show what the HTTP server does: where it listens, each request with
   * its status and time, refused upgrades, and its errors.
   *
   * @default {false}
   */
  readonly http?: boolean | undefined;
}

/** What was asked for and not yet taken back; the last one counts. */
let debugging: readonly DebugOptions[] = [];

/**
 * Shows everything that all servers of this process do, those that run already
 * included, whatever their `logLevel`. Payloads are shown, tokens are not.
 *
 * @param options What to show besides
 * @returns Goes back to how it was when disposed of
 *
 * @example
 * ```ts
 * import { debug } from "@hoist/cli";
 *
 * using _debugging = debug({ trace: true });
 * ```
 */
export function debug(options: DebugOptions = {}): Disposable {
  const entry = { ...options };
  debugging = [...debugging, entry];
  const undo = () => debugging = debugging.filter((other) => other !== entry);
  return { [Symbol.dispose]: () => void undo() };
}

/** What a {@linkcode Log} is made of. */
export interface LogOptions {
  /** Where the lines go; to standard error if left out */
  readonly logger?: Logger | undefined;
  /** The lowest level that is written */
  readonly logLevel: LogLevel;
  /** What no line may hold unless it says so itself */
  readonly secrets: readonly string[];
}

/** How many secrets are remembered that came later: each takes time in each line. */
const MAX_HIDDEN = 16;

/** The lines of one server: `key: text`. */
export class Log {
  readonly #logger: Logger;
  /** The place of its level in `LOG_LEVELS` */
  readonly #rank: number;
  readonly #secrets: readonly string[];
  /** Those that came later. */
  #hidden: readonly string[] = [];
  #pattern: RegExp;

  constructor({ logger, logLevel, secrets }: LogOptions) {
    this.#logger = logger ?? standardLogger();
    this.#rank = LOG_LEVELS.indexOf(logLevel);
    this.#secrets = secrets;
    this.#pattern = patternOf(secrets);
  }

  /** The length of the longest secret */
  get secretLength(): number {
    return this.#allSecrets.reduce(
      (longest, { length }) => Math.max(longest, length),
      0,
    );
  }

  get #allSecrets(): readonly string[] {
    return [...this.#secrets, ...this.#hidden];
  }

  /** No later line may hold this, either. */
  hide(secret: string): void {
    this.#hidden = [...this.#hidden, secret].slice(-MAX_HIDDEN);
    this.#pattern = patternOf(this.#allSecrets);
  }

  /** Whether lines for whoever looks for a mistake are written */
  get debugs(): boolean {
    return this.#shows("debug");
  }

  /** Writes a line for whoever looks for a mistake; `text` is made only if shown. */
  debug(key: string, text: () => string): void {
    if (this.#shows("debug")) this.#write("debug", key, text, this.debug);
  }

  /** Writes a line about the normal course of things. */
  info(key: string, text: string): void {
    if (this.#shows("info")) this.#write("info", key, () => text, this.info);
  }

  /** Writes a line about something that is probably not wanted. */
  warn(key: string, text: string): void {
    if (this.#shows("warn")) this.#write("warn", key, () => text, this.warn);
  }

  /** Writes a line about something that went wrong. */
  error(key: string, text: string): void {
    if (this.#shows("error")) this.#write("error", key, () => text, this.error);
  }

  /** Writes a line about a callback that threw, with the stack of the error. */
  exception(
    text: string,
    error: unknown,
    ...secrets: readonly string[]
  ): void {
    if (!this.#shows("error")) return;
    const line = () =>
      `${text}\n${this.redact(inspectError(error), ...secrets)}`;
    this.#write("error", "error", line, this.exception);
  }

  /** Writes a line about the HTTP server, if `debug({ http: true })` was called. */
  http(text: () => string): void {
    if (debugging.at(-1)?.http) this.#write("debug", "http", text, this.http);
  }

  /** Takes the token, and what else is secret, out of a text that others made. */
  redact(text: string, ...secrets: readonly string[]): string {
    const pattern = secrets.length === 0
      ? this.#pattern
      : patternOf([...this.#allSecrets, ...secrets]);
    return text.replace(pattern, "[redacted]");
  }

  #shows(level: LogLevel): boolean {
    return debugging.length > 0 || LOG_LEVELS.indexOf(level) >= this.#rank;
  }

  #write(
    level: LogLevel,
    key: string,
    text: () => string,
    writer: Callee,
  ): void {
    const trace = debugging.at(-1)?.trace ? `[${callerOf(writer)}] ` : "";
    // A logger that fails must not take the connection with it, and there is nowhere
    // left to say so.
    try {
      const result: unknown = this.#logger[level](`${trace}${key}: ${text()}`);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      return;
    }
  }
}

/** What is to be found of secrets, the longest first: one may be the start of another. */
function patternOf(secrets: readonly string[]): RegExp {
  const patterns = secrets
    .filter((secret) => secret !== "")
    // As it stands in JSON and in what an inspection shows.
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .sort((one, other) => other.length - one.length)
    .map((secret) => secret.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  // What matches nothing, if there is nothing to look for.
  return new RegExp(patterns.join("|") || "(?!)", "g");
}

/** A function of which only its place on the stack is of interest. */
type Callee = (...args: never[]) => unknown;

/** The name of the function that called `callee`. */
function callerOf(callee: Callee): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callee);
  const [, frame = ""] = holder.stack?.split("\n") ?? [];
  const name = frame.match(/^\s*at (?:new )?([^\s(]+) \(/)?.[1];
  return name?.split(".").at(-1)?.replace("#", "") ?? "anonymous";
}

/** An error as the operator wants to see it: with its stack and its causes. */
export function inspectError(error: unknown): string {
  try {
    return Deno.inspect(error);
  } catch {
    return "an error that cannot be shown";
  }
}

/** The logger named "hoist" of `@std/log`, writing to standard error unless set up. */
function standardLogger(): Logger {
  // Asked for when a server starts, never at import: `setup` of @std/log discards
  // the loggers that were there before.
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

/** Writes lines to standard error, their keys in the colour of the level. */
class ErrorOutput extends BaseHandler {
  #color = "";

  override handle(record: LogRecord): void {
    this.#color = COLORS.get(record.levelName) ?? "";
    super.handle(record);
  }

  override format({ msg }: LogRecord): string {
    return msg;
  }

  override log(line: string): void {
    const [key, ...rest] = line.split(": ");
    // The console leaves the colours out where there is no terminal, and under
    // NO_COLOR.
    console.error(
      "%c%s%c: %s",
      this.#color,
      key,
      "color: unset",
      rest.join(": "),
    );
  }
}
