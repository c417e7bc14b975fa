/**
 * The log of a server: levels, and what a line contains.
 *
 * @module
 */

import { debugOptions } from "../common/debug_state.ts";
import type { LogFields, LogFormat } from "../common/log_format.ts";
import {
  isLogged,
  type LineLevel,
  type Logger,
  type LogLevel,
} from "../common/logger.ts";
import { redactStart, showFrame } from "../common/secrets.ts";
import { callerOf } from "./log_caller.ts";
import {
  type LogOutput,
  makeOutput,
  type ServerLogEntry,
} from "./log_output.ts";
import { Redactor } from "./redactor.ts";

/** Options of {@linkcode Log} */
export interface LogSettings {
  /** Receives the lines; standard error if omitted */
  readonly logger?: Logger | undefined;
  /** The minimum level */
  readonly logLevel: LogLevel;
  /** Text if omitted */
  readonly logFormat?: LogFormat | undefined;
  /**
   * Returns the tokens that the log must not contain, except for the startup line, and the
   * same array while they do not change. None if omitted.
   */
  readonly secrets?: (() => readonly string[]) | undefined;
}

const NO_SECRETS: readonly string[] = [];

/**
 * Logs the lines of one server. All lines are written here. A line has the format
 * `<event>: <what happened>`.
 */
export class Log {
  readonly #output: LogOutput;
  readonly #minimum: LogLevel;
  readonly #redactor: Redactor;

  constructor({ logger, logLevel, logFormat, secrets }: LogSettings) {
    this.#output = makeOutput(logger, logFormat ?? "text");
    this.#minimum = logLevel;
    this.#redactor = new Redactor(secrets ?? (() => NO_SECRETS));
  }

  /** Whether debug lines are logged */
  get debugs(): boolean {
    return this.#logs("debug");
  }

  /** Logs a debug line. Calls `message` only if the line is logged. */
  debug(event: string, message: () => string, fields?: LogFields): void {
    if (this.#logs("debug")) {
      this.#write({ level: "debug", event, message: safely(message), fields });
    }
  }

  /** Logs a normal event. */
  info(event: string, message: string, fields?: LogFields): void {
    this.#line("info", event, message, fields);
  }

  /** Logs a probable mistake. */
  warn(event: string, message: string, fields?: LogFields): void {
    this.#line("warn", event, message, fields);
  }

  /** Logs a failure of the server. */
  error(event: string, message: string, fields?: LogFields): void {
    this.#line("error", event, message, fields);
  }

  /** Logs an exception of a callback, with its stack. */
  exception(message: string, error: unknown, fields?: LogFields): void {
    if (!this.#logs("error")) return;
    const shown = this.#redactor.redactError(inspectError(error));
    this.#write({
      level: "error",
      event: "error",
      message,
      error: shown,
      fields,
    });
  }

  /** Logs an exception of a login function, without the token that it got. */
  loginException(message: string, error: unknown, token: string): void {
    if (!this.#logs("error")) return;
    const shown = this.#redactor.redactError(inspectError(error), token);
    this.#write({ level: "error", event: "error", message, error: shown });
  }

  /**
   * Logs the address of the server. Python Hoist documents this line, and programs read the
   * address from it.
   *
   * @param address The address and the port
   * @param token The token to show, if there is one
   * @param isTokenShared Whether the logger of the application gets the token, too
   */
  startup(
    address: string,
    token: string | undefined,
    isTokenShared: boolean,
  ): void {
    if (!this.#logs("info")) return;
    const message = `starting server on ${address}`;
    this.#write({
      level: "info",
      event: "startup",
      message,
      fields: { address },
      token,
      isTokenShared,
    });
  }

  /** Logs an event of the HTTP server if `debug({ http: true })` was called. */
  http(message: () => string): void {
    if (!debugOptions()?.http) return;
    this.#write({ level: "debug", event: "http", message: safely(message) });
  }

  /** Returns the start of a string from outside, without tokens. */
  redact(value: string): string {
    return redactStart(value, this.#redactor);
  }

  /** Returns a line without the token that a client has sent. */
  redactToken(line: string, token: string): string {
    return this.#redactor.redactError(line, token);
  }

  /** Returns the start of a frame, without tokens and control characters. */
  showFrame(frame: string): string {
    return showFrame(frame, this.#redactor);
  }

  #logs(level: LineLevel): boolean {
    return debugOptions() !== undefined || isLogged(level, this.#minimum);
  }

  #line(
    level: LineLevel,
    event: string,
    message: string,
    fields: LogFields | undefined,
  ): void {
    if (this.#logs(level)) this.#write({ level, event, message, fields });
  }

  #write(entry: ServerLogEntry): void {
    const { trace } = debugOptions() ?? {};
    const caller = trace ? callerOf(entry.event) : undefined;
    this.#output({ ...entry, caller });
  }
}

/** Returns a message, or a placeholder if it cannot be built: the line is still logged. */
function safely(message: () => string): string {
  try {
    return message();
  } catch {
    return "an event whose details cannot be shown";
  }
}

/** Formats an error with its stack and its causes. */
function inspectError(error: unknown): string {
  try {
    return Deno.inspect(error);
  } catch {
    return "an error that cannot be formatted";
  }
}
