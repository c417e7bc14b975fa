/**
 * The log of a server: levels, and what a line contains.
 *
 * @module
 */

import { debugOptions } from "../common/debug.ts";
import { ignorable } from "../common/ignorable.ts";
import {
  isLogged,
  type LineLevel,
  type LogEntry,
  type LogFields,
  type LogFormat,
  type Logger,
  type LogLevel,
} from "../common/log_format.ts";
import { LogThrottle } from "../common/rate_limiter.ts";
import { redactStart, showFrame } from "../common/secrets.ts";
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

/** Receives a line before it is formatted. */
export type LogListener = (entry: LogEntry) => void;

const NO_SECRETS: readonly string[] = [];

/**
 * Logs the lines of one server. All lines are written here. A line has the format
 * `<event>: <what happened>`.
 */
export class Log {
  readonly #output: LogOutput;
  readonly #minimum: LogLevel;
  readonly #redactor: Redactor;
  /** The functions that receive all lines, for admins; `undefined` if there are none */
  #listeners: ReadonlySet<LogListener> | undefined;
  /** Limits the lines about data that was not sent, because it can come from a client */
  readonly #unsentLines = new LogThrottle(1, 20);
  /** The errors of such lines, because one function can send with another one */
  readonly #unsentErrors = new WeakSet<object>();

  constructor({ logger, logLevel, logFormat, secrets }: LogSettings) {
    this.#output = makeOutput(logger, logFormat ?? "text");
    this.#minimum = logLevel;
    this.#redactor = new Redactor(secrets ?? (() => NO_SECRETS));
  }

  /**
   * Calls a function with each line that is logged from now on, except for hidden ones.
   *
   * @param listener The function, which must not throw
   * @returns A `Disposable` that removes the function
   */
  listen(listener: LogListener): Disposable {
    this.#listeners = new Set([...this.#listeners ?? [], listener]);
    return {
      [Symbol.dispose]: () => {
        const rest = new Set(this.#listeners);
        rest.delete(listener);
        this.#listeners = rest.size === 0 ? undefined : rest;
      },
    };
  }

  /** Whether debug lines are logged */
  get debugs(): boolean {
    return this.#logs("debug");
  }

  /**
   * Logs a debug line.
   *
   * @param event A word such as `send`
   * @param message Returns what happened; called only if the line is logged
   * @param fields Details for programs
   * @param isHidden Whether the line is not shown to admins
   */
  debug(
    event: string,
    message: () => string,
    fields?: LogFields,
    isHidden = false,
  ): void {
    if (!this.#logs("debug")) return;
    const level = "debug";
    this.#write({ level, event, message: safely(message), fields, isHidden });
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

  /**
   * Waits for what sends data, like `ignorable` of `common/ignorable.ts`, and logs why the data
   * could not be sent. If the application does not await it, nothing else reports this.
   *
   * @param what What sends the data, such as `a broadcast`
   * @param sending Rejects if the data cannot be sent
   */
  ignorable<Value>(what: string, sending: Promise<Value>): Promise<Value> {
    return ignorable(
      sending,
      (error) => this.#logUnsent(`${what} failed`, error),
    );
  }

  #logUnsent(text: string, error: object): void {
    if (this.#unsentErrors.has(error)) return;
    this.#unsentErrors.add(error);
    const line = this.#unsentLines.pass(text);
    if (line !== undefined) this.exception(line, error);
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
    if (this.#listeners === undefined || entry.isHidden) return;
    for (const listener of this.#listeners) listener(entry);
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

/** The functions that always cause these events. */
const BY_EVENT: ReadonlyMap<string, string> = new Map([
  ["startup", "start"],
  ["listen", "start"],
  ["contract", "start"],
  ["shutdown", "close"],
  ["receive", "receive"],
]);

/** The public methods of these classes send messages or change the server. */
const PUBLIC_METHOD =
  /^\s*at (?:async )?(?:Server|ConnectedClient|ClientMessage)\.([a-z]\w*) /m;

/** The classes that run the listeners and the handlers of the application. */
const BY_CLASS: readonly (readonly [RegExp, string])[] = [
  [/^\s*at (?:async )?(?:Calls|StreamSender)\./m, "operation"],
  [/^\s*at (?:async )?(?:Request|Message)Handler\./m, "receive"],
  [/^\s*at (?:async )?Broadcaster\./m, "broadcast"],
];

/** How many frames of the stack are read; V8 keeps ten by default. */
const MAX_FRAMES = 50;

/**
 * Returns the name of the public function that caused a line: the latest one on the stack,
 * or `fetch`, through which the requests of all clients arrive.
 *
 * @param event The event of the line
 */
function callerOf(event: string): string {
  const fixed = BY_EVENT.get(event);
  if (fixed !== undefined) return fixed;
  const stack = readStack();
  const method = PUBLIC_METHOD.exec(stack)?.[1];
  if (method !== undefined) return method;
  return BY_CLASS.find(([pattern]) => pattern.test(stack))?.[1] ?? "fetch";
}

function readStack(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = MAX_FRAMES;
  try {
    return String(new Error().stack);
  } catch {
    // The application can replace the function that formats the stack.
    return "";
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
