/**
 * Writes the log lines about one connection.
 *
 * @module
 */

import type { RemotePeer } from "./admission.ts";
import type { LogFields } from "../common/log_format.ts";
import { LogThrottle, withOmitted } from "../common/rate_limiter.ts";
import { canRenew } from "../common/secrets.ts";
import { escapeControls, truncate } from "../common/text.ts";
import type { RequestError } from "../protocol/request_error.ts";
import type { ApplicationAnswer } from "./error_response.ts";
import type { BroadcastFrame } from "./broadcaster.ts";
import { OutputError } from "./output_error.ts";
import type { Log } from "./log.ts";

/** The number of warnings and errors about one client that are written at once. */
const MAX_LINES = 20;

const LINES_PER_SECOND = 1;

/** More than the clients that usually connect at once before one of them logs in. */
const MAX_STRANGER_LINES = 1_000;

/** The number of warnings, and of errors, about the clients of one network at once. */
const MAX_NETWORK_LINES = 1_000;

const NETWORK_LINES_PER_SECOND = 10;

/** How many networks are remembered, because an attacker can have any number of them. */
const MAX_NETWORKS = 10_000;

/** Limits the lines about the clients of each network. */
class NetworkLines {
  readonly #throttles = new Map<string, LogThrottle>();

  /** Returns the throttle of a network. */
  of(network: string): LogThrottle {
    return this.#throttles.get(network) ?? this.#add(network);
  }

  #add(network: string): LogThrottle {
    const [oldest] = this.#throttles.keys();
    if (this.#throttles.size >= MAX_NETWORKS) this.#throttles.delete(oldest!);
    const throttle = new LogThrottle(
      NETWORK_LINES_PER_SECOND,
      MAX_NETWORK_LINES,
    );
    this.#throttles.set(network, throttle);
    return throttle;
  }
}

/**
 * Limits the log lines about several clients of one server together, because one client can open
 * any number of connections.
 */
export class ConnectionLines {
  /**
   * Limits the lines about connections that have not logged in. The line of a client that logs in
   * does not count.
   */
  readonly connects: LogThrottle = new LogThrottle(
    LINES_PER_SECOND,
    MAX_STRANGER_LINES,
  );
  /** Limits the warnings about clients that have not logged in */
  readonly warnings: LogThrottle = new LogThrottle(
    LINES_PER_SECOND,
    MAX_STRANGER_LINES,
  );
  /** The mistakes of clients that are logged in */
  readonly mistakes: NetworkLines = new NetworkLines();
  /** The faults of the server, which no mistakes must suppress */
  readonly faults: NetworkLines = new NetworkLines();
}

/** Writes the log lines about one connection. */
export class ConnectionLog {
  readonly #log: Log;
  /** The address of the client, and its name if it is known */
  #label: string;
  /** The address and the name, for lines in JSON */
  #fields: LogFields;
  /** Limits the mistakes of the client. Created when needed: most clients make none */
  #mistakes: LogThrottle | undefined;
  /** Limits the faults of the server, which no mistake of the client must suppress */
  #faults: LogThrottle | undefined;
  readonly #network: string;
  readonly #lines: ConnectionLines;
  /** Whether the client has not logged in */
  #isStranger = true;
  /** Whether the connection was logged */
  #isAnnounced = false;
  /** Whether admins do not see the frames, because they are those of an admin */
  #isHidden = false;
  /** The number of messages that the client has missed in a row */
  #missed = 0;

  /**
   * Constructs a `ConnectionLog`.
   *
   * @param log The log of the server
   * @param peer The address and the network of the client
   * @param lines Limits the lines, together with those of other clients
   */
  constructor(
    log: Log,
    { address, network }: RemotePeer,
    lines: ConnectionLines,
  ) {
    this.#log = log;
    this.#label = address;
    this.#fields = { address };
    this.#lines = lines;
    this.#network = network;
  }

  /** Whether frames are logged */
  get debugs(): boolean {
    return this.#log.debugs;
  }

  /**
   * Hides the frames from admins if the client is one of them: the frames that show them the log
   * would be logged, too.
   */
  hideFrames(isHidden: boolean): void {
    this.#isHidden = isHidden;
  }

  /** Returns the start of a string from outside, without tokens. */
  redact(value: string): string {
    return this.#log.redact(value);
  }

  /** Logs that the client has connected. Throttled until the client has logged in. */
  connected(): void {
    const text = `${this.#label} connected`;
    const line = this.#lines.connects.pass(text);
    if (line === undefined) return;
    this.#isAnnounced = true;
    this.#log.info("connect", line, this.#fields);
  }

  /**
   * Logs that the client has disconnected.
   *
   * @param how The end of the connection in words
   */
  disconnected(how: string): void {
    if (this.#isStranger && !this.#isAnnounced) return;
    this.info("disconnect", `disconnected: ${how}`);
  }

  /**
   * Ends the limits for strangers, because the client has logged in. Adds the name of the
   * client to the following lines, if its identity has a name.
   */
  identify(identity: unknown): void {
    if (this.#isStranger && this.#isAnnounced) this.#lines.connects.restore();
    this.#isStranger = false;
    const name = nameOf(identity);
    const { address } = this.#fields;
    // A renewed token can belong to another client.
    this.#fields = name === "" ? { address } : { address, name };
    this.#label = name === ""
      ? `${address}`
      : `${escapeControls(name)} (${address})`;
  }

  /** Logs a normal event. */
  info(event: string, text: string): void {
    this.#log.info(event, `${this.#label} ${text}`, this.#fields);
  }

  /** Logs a mistake of the client. Throttled, so that a client cannot fill the log. */
  warn(event: string, text: string): void {
    const line = this.#mistake(text);
    if (line !== undefined) this.#log.warn(event, line, this.#fields);
  }

  /** Logs why a frame closed the connection: also one that is not a valid login. */
  rejectedFrame(failure: string): void {
    if (this.#isStranger) this.warn("login", `login rejected: ${failure}`);
    else this.warn("reject", failure);
  }

  /** Logs why a request was answered with an error. */
  rejected(subject: string, error: RequestError | OutputError): void {
    // The keys in it can come from the client.
    const text = `${subject}: ${this.#log.redact(error.note)}`;
    if (!OutputError.is(error)) return this.warn("reject", text);
    const isExplained = error.hasReason || this.#log.debugs;
    const hint = isExplained ? "" : '. The log level "debug" shows why.';
    this.error(`${text}${hint}`);
    const details = () => `${this.#label}: ${this.#log.redact(error.message)}`;
    this.#log.debug("error", details, this.#fields);
  }

  /** Logs that the application answered a request with an error of its own. */
  answered(subject: string, { note, isCut }: ApplicationAnswer): void {
    const text = `${subject}: ${this.#log.redact(note)}`;
    this.#log.debug("reject", () => `${this.#label}: ${text}`, this.#fields);
    if (!isCut) return;
    this.error(
      `${text} with details that are larger than 'limits.maxBuffered'; the details were not sent`,
    );
  }

  /** Logs a failure of the application that is no exception. */
  error(text: string): void {
    const line = this.#fault(text);
    if (line !== undefined) this.#log.error("error", line, this.#fields);
  }

  /** Logs an exception that the client caused in the application. */
  exception(text: string, error: unknown): void {
    const line = this.#fault(text);
    if (line !== undefined) this.#log.exception(line, error, this.#fields);
  }

  /** Logs a frame from the client. The content of a frame with its token is not shown. */
  received(frame: unknown, isLogin: boolean): void {
    if (!this.#log.debugs) return;
    const text = () =>
      `${this.#label} received ${this.#showFrame(String(frame), isLogin)}`;
    this.#log.debug("receive", text, this.#fields, this.#isHidden);
  }

  /** Logs a frame to the client. */
  sent(frame: string): void {
    const text = () => `${this.#label} sent ${this.#log.showFrame(frame)}`;
    this.#log.debug("send", text, this.#fields, this.#isHidden);
  }

  /** Logs the first frames of a batch of broadcasts. */
  sentBroadcasts(frames: readonly BroadcastFrame[], count: number): void {
    for (const { data } of frames.slice(0, count)) this.sent(data);
  }

  /**
   * Logs when the client begins to miss messages, and when it reads again.
   *
   * @param count The number of messages that the client has just missed, or 0
   * @param maxBuffered The limit that was reached, in bytes
   */
  missed(count: number, maxBuffered: number): void {
    const total = this.#missed + count;
    this.#missed = count === 0 ? 0 : total;
    if (count > 0 && total === count) {
      this.warn(
        "slow",
        `the client reads too slowly and misses messages that do not fit into ${maxBuffered} bytes. To allow more, raise 'limits.maxBuffered'.`,
      );
    } else if (count === 0 && total > 0) {
      const messages = total === 1 ? "message" : "messages";
      this.warn(
        "slow",
        `the client reads again; it missed ${total} ${messages}`,
      );
    }
  }

  #showFrame(frame: string, isLogin: boolean): string {
    if (isLogin) return "login";
    return canRenew(frame)
      ? "a frame that can contain a token"
      : this.#log.showFrame(frame);
  }

  #mistake(text: string): string | undefined {
    const { warnings, mistakes } = this.#lines;
    if (this.#isStranger) return warnings.pass(this.#labelled(text));
    this.#mistakes ??= new LogThrottle(LINES_PER_SECOND, MAX_LINES);
    return this.#pass(this.#mistakes, mistakes, text);
  }

  #fault(text: string): string | undefined {
    this.#faults ??= new LogThrottle(LINES_PER_SECOND, MAX_LINES);
    return this.#pass(this.#faults, this.#lines.faults, text);
  }

  #pass(
    own: LogThrottle,
    shared: NetworkLines,
    text: string,
  ): string | undefined {
    const before = own.take();
    if (before === undefined) return undefined;
    const omitted = shared.of(this.#network).take(before);
    if (omitted === undefined) return undefined;
    return withOmitted(this.#labelled(text), omitted);
  }

  #labelled(text: string): string {
    return `${this.#label}: ${text}`;
  }
}

/** Returns the name in an identity; empty if there is none. */
export function nameOf(identity: unknown): string {
  try {
    const { name } = Object(identity);
    return typeof name === "string" ? truncate(name) : "";
  } catch {
    // The identity is an object of the application, whose getters can throw.
    return "";
  }
}
