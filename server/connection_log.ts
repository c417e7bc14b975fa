/**
 * What the log says of one client.
 *
 * @module
 */

import { escapeControls, showFrame, truncate } from "../common/text.ts";
import { type RequestError } from "../protocol/request_error.ts";
import { OutputError } from "./error_response.ts";
import { type ResolvedLimits } from "./limits.ts";
import { type Log } from "./log.ts";
import { LogThrottle } from "./rate_limiter.ts";
/** How many lines about what is wrong with one client are written at once, and then in a second. */
const MAX_LINES = 20;

const LINES_PER_SECOND = 1;

/** The lines about one client. */
export class ConnectionLog {
  readonly #log: Log;
  /** How the lines call the client */
  #label: string;
  /** Most clients need none. */
  #lines: LogThrottle | undefined;
  /** How many messages the client has missed in a row. */
  #missed = 0;

  constructor(log: Log, address: string) {
    this.#log = log;
    this.#label = address;
  }

  /** Calls the client by its name from now on, if its identity has one. */
  identify(identity: unknown): void {
    const name = nameOf(identity);
    if (name !== "") this.#label = `${escapeControls(name)} (${this.#label})`;
  }

  /** Writes a line about its coming and going. */
  info(key: string, text: string): void {
    this.#log.info(key, `${this.#label} ${text}`);
  }

  /** Writes a line about what it does wrong: it cannot fill the log with them. */
  warn(key: string, text: string): void {
    const line = this.#pass(text);
    if (line !== undefined) this.#log.warn(key, line);
  }

  /** Writes a line about a request that came to nothing, and why. */
  refusal(subject: string, reason: RequestError | OutputError): void {
    // The keys in it may be those of the client.
    const text = this.#log.redact(`${subject}: ${reason.note}`);
    if (!OutputError.is(reason)) return this.warn("error", text);
    const hint = this.#log.debugs ? "" : '; log level "debug" says why';
    const line = this.#pass(`${text}${hint}`);
    if (line !== undefined) this.#log.error("error", line);
    const details = `${this.#label}: ${reason.message}`;
    this.#log.debug("error", () => this.#log.redact(details));
  }

  /** Writes a line about what one of its requests made a callback throw. */
  exception(text: string, error: unknown): void {
    const line = this.#pass(text);
    if (line !== undefined) this.#log.exception(line, error);
  }

  /** Writes a line about a frame that it sent; its login is not shown. */
  received(frame: unknown, isLogin: boolean): void {
    if (!this.#log.debugs) return;
    const text = () => isLogin ? "its login" : this.#show(String(frame));
    this.#log.debug("receive", () => `${this.#label} ${text()}`);
  }

  /** Writes a line about a frame that it was sent. */
  sent(frame: string): void {
    if (!this.#log.debugs) return;
    this.#log.debug("send", () => `${this.#label} ${this.#show(frame)}`);
  }

  /** Says when the client begins to miss messages, and when it does not any more. */
  missed(
    count: number,
    { maxBuffered }: Pick<ResolvedLimits, "maxBuffered">,
  ): void {
    const total = this.#missed + count;
    this.#missed = count === 0 ? 0 : total;
    if (count > 0 && total === count) {
      this.warn(
        "slow",
        `misses what does not fit into ${maxBuffered} bytes, see 'limits.maxBuffered'`,
      );
    } else if (count === 0 && total > 0) {
      this.warn("slow", `reads again and has missed ${total} messages`);
    }
  }

  #pass(text: string): string | undefined {
    this.#lines ??= new LogThrottle(LINES_PER_SECOND, MAX_LINES);
    return this.#lines.pass(`${this.#label}: ${text}`, performance.now());
  }

  #show(frame: string): string {
    const { secretLength } = this.#log;
    return showFrame(frame, secretLength, (text) => this.#log.redact(text));
  }
}

function nameOf(identity: unknown): string {
  try {
    const { name } = Object(identity);
    return typeof name === "string" ? truncate(name) : "";
  } catch {
    // An object of the host may have getters of any kind.
    return "";
  }
}
