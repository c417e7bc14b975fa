/**
 * The log of one connection of a client.
 *
 * @module
 */

import { debugOptions, tracePrefix } from "../common/debug.ts";
import type { Logger } from "../common/log_format.ts";
import { LogThrottle } from "../common/rate_limiter.ts";
import {
  canRenew,
  MIN_SECRET,
  REDACTED,
  showFrame,
} from "../common/secrets.ts";
import { escapeLines, quote, truncate } from "../common/text.ts";
import { messageOf } from "../common/thrown.ts";
import { GOODBYE } from "../protocol/encode.ts";

/** Receives the lines of a client. Without the method `debug`, it gets no debug lines. */
export type ClientLogger =
  & Pick<Logger, "warn" | "error">
  & Partial<Pick<Logger, "debug">>;

/** What the lines of a client depend on */
export interface ClientLogOptions {
  /** The logger, which can throw or reject */
  readonly logger: ClientLogger;
  /** The URL of the server, without a password */
  readonly url: string;
}

/** The number of warnings and errors that are written at once. */
const MAX_LINES = 20;

const LINES_PER_SECOND = 1;

/** How many tokens are hidden, because a token function can return many. */
const MAX_SECRETS = 8;

/** How many names of events are remembered. */
const MAX_NAMES = 100;

/**
 * Writes lines of the form `<event>: <URL of the server> <what happened>`; never throws.
 * The logger can throw or reject.
 */
export class ClientLog {
  readonly #logger: ClientLogger;
  readonly #url: string;
  /** The latest tokens, which no line contains */
  #secrets: readonly string[] = [];
  readonly #throttle = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
  /** The names of the events that had no listener */
  readonly #unheard = new Set<string>();

  /** Constructs a `ClientLog`. */
  constructor({ logger, url }: ClientLogOptions) {
    this.#logger = logger;
    this.#url = url;
  }

  /** Removes a token from all further lines. */
  hide(token: string): void {
    if (token.length < MIN_SECRET || this.#secrets.includes(token)) return;
    this.#secrets = [...this.#secrets, token].slice(-MAX_SECRETS);
  }

  /** Runs a callback of the application and reports its error; never rejects. */
  async run(callback: () => unknown): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.report(error);
    }
  }

  /** Reports the error of a callback of the application. */
  report(error: unknown): void {
    const details = () => `\n${formatError(error)}`;
    this.#log("error", "error", "a listener failed", details);
  }

  /** Reports that an invalid message was not passed to the listeners. */
  ignore(error: unknown): void {
    const details = () => `\n${messageOf(error)}`;
    this.#log("warn", "receive", "ignored a message", details);
  }

  /** Reports that the token was not renewed, so that the server closes the connection. */
  unrenewed(error: unknown): void {
    const details = () => `\n${formatError(error)}`;
    this.#log("warn", "renew", "the token was not renewed", details);
  }

  /** Logs what the server did wrong. */
  warn(message: string): void {
    this.#log("warn", "receive", message);
  }

  /** Reports an event without a listener, once for each name. */
  unheard(name: string): void {
    if (this.#unheard.size >= MAX_NAMES) return;
    const shown = quote(name);
    if (this.#unheard.has(shown)) return;
    this.#unheard.add(shown);
    const message = `no listener received ${shown}`;
    this.#log("warn", "event", `${message}. Add one with receive().`);
  }

  /** Logs a debug line if `debug()` was called. Calls `detail` only then. */
  debug(
    event: string,
    detail: () => string,
    caller: () => string = () => callerOf(event),
  ): void {
    if (debugOptions() === undefined) return;
    const line = () => `${event}: ${this.#url} ${detail()}`;
    this.#write("debug", () => tracePrefix(caller) + line());
  }

  /** Logs a frame to the server. The content of a frame with the token is not shown. */
  sent(frame: string, isLogin: boolean): void {
    // Every frame passes here, so that it pays for no closure.
    if (debugOptions() === undefined) return;
    this.debug(
      "send",
      () => `sent ${isLogin ? "the login" : this.#showSent(frame)}`,
      () => isLogin ? "connect" : senderOf(frame),
    );
  }

  /** Logs a frame of the server. */
  received(frame: unknown): void {
    if (debugOptions() === undefined) return;
    this.debug("receive", () => `received ${this.#show(String(frame))}`);
  }

  #showSent(frame: string): string {
    return canRenew(frame)
      ? "a frame that can contain a token"
      : this.#show(frame);
  }

  #show(frame: string): string {
    const redact = (text: string) => this.#redact(text);
    const longest = Math.max(0, ...this.#secrets.map(({ length }) => length));
    return showFrame(frame, { longest, redact });
  }

  #redact(text: string): string {
    // A token can be a part of a longer token.
    const secrets = [...this.#secrets].sort((a, b) => b.length - a.length);
    return secrets.reduce(
      (shown, secret) => shown.replaceAll(secret, REDACTED),
      text,
    );
  }

  /** The server and the listeners can cause any number of these lines. */
  #log(
    level: "warn" | "error",
    event: string,
    message: string,
    details = () => "",
  ): void {
    const line = `${event}: ${this.#url}: ${message}`;
    const passed = this.#throttle.pass(line);
    if (passed === undefined) return;
    const trace = () => tracePrefix(() => callerOf(event));
    this.#write(level, () => trace() + passed + details());
  }

  /** If the logger fails, nothing can report that, and it must not end the process. */
  #write(level: "debug" | "warn" | "error", line: () => string): void {
    try {
      const escaped = escapeLines(this.#redact(line()));
      const result: unknown = this.#logger[level]?.(escaped);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      return;
    }
  }
}

/** The functions that cause an event */
const BY_EVENT: ReadonlyMap<string, string> = new Map([
  ["connect", "connect"],
  ["login", "connect"],
  ["reconnect", "connect"],
  ["disconnect", "close"],
  ["close", "close"],
]);

/** The functions that send an action */
const BY_ACTION: ReadonlyMap<string | undefined, string> = new Map([
  ["message", "message"],
  ["operation", "operation"],
  ["stream", "stream"],
  ["credit", "stream"],
  ["cancel", "stream"],
]);

/** Returns the public function that causes an event. */
function callerOf(event: string): string {
  return BY_EVENT.get(event) ?? "receive";
}

/** Returns the public function that sent a frame, or the first frame of a batch. */
function senderOf(frame: string): string {
  if (frame === GOODBYE) return "close";
  const action = /^\[?\{"id":\d+,"action":"(\w+)"/.exec(frame)?.[1];
  return BY_ACTION.get(action) ?? "receive";
}

/** How many errors of a chain of causes and of aggregates are shown. */
const MAX_ERRORS = 10;

/** How many characters of one error are shown. */
const MAX_LENGTH = 4_000;

/** An error that was found, and how its line begins */
interface Part {
  readonly label: string;
  readonly error: unknown;
}

/**
 * Formats a thrown value: the stack of an error, its causes and the members of an
 * `AggregateError`. Never throws. The result contains the characters of the error as
 * they are: the log escapes them.
 *
 * @param error The value that was thrown
 * @returns One line or more, whose number and length are limited
 */
export function formatError(error: unknown): string {
  const seen = new Set<unknown>();
  const lines: string[] = [];
  const rest: Part[] = [{ label: "", error }];
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (seen.has(part.error)) {
      lines.push(`${part.label}an error that is shown above`);
    } else if (seen.size >= MAX_ERRORS) {
      lines.push("More errors were omitted");
      break;
    } else {
      seen.add(part.error);
      lines.push(part.label + describe(part.error));
      rest.push(...partsOf(part.error));
    }
  }
  return lines.join("\n");
}

function describe(error: unknown): string {
  try {
    const text = isErrorLike(error) ? stackOf(error) : describeValue(error);
    return truncate(text, MAX_LENGTH);
  } catch {
    return "an error that cannot be formatted";
  }
}

/** Accepts errors of other realms too, which are not an instance of this `Error`. */
function isErrorLike(error: unknown): error is Error {
  return error instanceof Error || typeof Object(error).stack === "string";
}

/** Only V8 includes the name and the message in the stack. */
function stackOf(error: Error): string {
  const stack = String(error.stack ?? "");
  const message = String(error.message);
  if (stack !== "" && stack.includes(message)) return stack;
  return `${error.name}: ${message}\n${stack}`.trimEnd();
}

function describeValue(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return JSON.stringify(value) ?? String(value);
}

/** Returns the errors in an error, the last one first. */
function partsOf(error: unknown): readonly Part[] {
  try {
    if (!isErrorLike(error)) return [];
    const { cause, errors }: { cause?: unknown; errors?: unknown } = error;
    const causes = cause === undefined
      ? []
      : [{ label: "Caused by: ", error: cause }];
    return [...causes, ...membersOf(errors)].reverse();
  } catch {
    return [];
  }
}

function membersOf(errors: unknown): readonly Part[] {
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, MAX_ERRORS).map((error, index) => ({
    label: `Error ${index + 1} of ${errors.length}: `,
    error,
  }));
}
