/**
 * Heartbeats: notices that a server no longer answers.
 *
 * @module
 */

import {
  checkKeys,
  checkNumber,
  type KnownKeys,
  type NumberRange,
} from "../common/check.ts";
import { CloseCode } from "../common/codes.ts";
import type { CloseInfo } from "../protocol/close.ts";
import {
  type HeartbeatRules,
  MAX_HEARTBEAT,
  MIN_HEARTBEAT,
} from "../protocol/features.ts";
import { type ClientSocket, pingSocket } from "./client_socket.ts";
import { onWake } from "./runtime.ts";

/** When a client checks whether its server is still there */
export interface HeartbeatOptions {
  /**
   * The time without a frame in one of the directions after which the client sends a ping,
   * in milliseconds from 1,000 to 600,000. Many proxies end connections that are idle for
   * 60 seconds.
   *
   * @default {25_000}
   */
  readonly interval?: number | undefined;
  /**
   * How long the client waits for anything from the server after a ping, in milliseconds
   * from 1,000 to 600,000. A frame that arrives slowly can delay the answer.
   *
   * @default {10_000}
   */
  readonly timeout?: number | undefined;
}

const DEFAULTS = {
  interval: 25_000,
  timeout: 10_000,
} as const satisfies KnownKeys & HeartbeatRules;

const PERIOD: NumberRange = {
  min: MIN_HEARTBEAT,
  max: MAX_HEARTBEAT,
  integer: true,
  unit: "milliseconds",
};

/**
 * Checks the option `heartbeat`.
 *
 * @returns The options with their defaults; `undefined` if there are no heartbeats
 *
 * @throws {TypeError} If an option is unknown or has the wrong type
 * @throws {RangeError} If an option is out of range
 */
export function resolveHeartbeat(
  options: boolean | HeartbeatOptions = true,
): HeartbeatRules | undefined {
  if (options === false) return undefined;
  if (options === true) return DEFAULTS;
  const subject = "Cannot connect";
  checkKeys(subject, options, DEFAULTS, "heartbeat");
  const { interval = DEFAULTS.interval, timeout = DEFAULTS.timeout } = options;
  checkNumber(subject, "heartbeat.interval", interval, PERIOD);
  checkNumber(subject, "heartbeat.timeout", timeout, PERIOD);
  return { interval, timeout };
}

/** The connection whose server is checked. */
export interface HeartbeatTarget {
  /** The WebSocket, which can count bytes and send pings of its own */
  readonly socket: Pick<
    ClientSocket,
    "bytesReceived" | "bufferedAmount" | "ping"
  >;
  /** Sends a frame that the server answers; `undefined` if the server does not know it */
  readonly ping: (() => void) | undefined;
  /** Called once when the server does not answer. */
  onSilent(info: CloseInfo): void;
}

/**
 * Starts the heartbeats of a connection.
 *
 * @param rules When to send a ping; `undefined` for never
 * @param target The connection
 * @returns The heartbeat; `undefined` if there is none, or no way to ask the server
 */
export function startHeartbeat(
  rules: HeartbeatRules | undefined,
  target: HeartbeatTarget,
): Heartbeat | undefined {
  const { socket, ping } = target;
  if (rules === undefined) return undefined;
  const canAsk = ping !== undefined ||
    socket.bytesReceived !== undefined && socket.ping !== undefined;
  return canAsk ? new Heartbeat(rules, target) : undefined;
}

/**
 * The part of the timeout by which a timer must be late to show that this program was
 * suspended: a laptop that sleeps, a page whose timers are throttled, a long computation.
 * A smaller delay leaves the server enough time, and is normal for a busy program.
 */
const SUSPENDED = 0.1;

/** How often in a row a suspension gets the server another timeout. */
const MAX_SUSPENSIONS = 3;

/** How long the program reads what has arrived before it gives up, in milliseconds. */
const READING_TIME = 100;

/** Sends pings when a connection is quiet, with one timer and no work for each frame. */
export class Heartbeat {
  readonly #rules: HeartbeatRules;
  readonly #target: HeartbeatTarget;
  readonly #now: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer should fire */
  #due = 0;
  /** When the last frame arrived; 0 if none has since the last ping */
  #heard: number;
  #sent: number;
  /** When the ping was sent whose answer is missing */
  #asked: number | undefined;
  #received = 0;
  #unsent = 0;
  #suspensions = 0;
  /** Whether the timeout is over, and only the arrived input is read */
  #isReading = false;
  #isStopped = false;
  readonly #forget: () => void;

  /**
   * Constructs a `Heartbeat`, which starts at once.
   *
   * @param rules When to send a ping, and how long to wait for its answer
   * @param target The connection
   * @param now Returns the time in milliseconds, from a clock that never goes back
   */
  constructor(
    rules: HeartbeatRules,
    target: HeartbeatTarget,
    now: () => number = () => performance.now(),
  ) {
    this.#rules = rules;
    this.#target = target;
    this.#now = now;
    this.#heard = this.#sent = now();
    this.#received = this.#bytesReceived;
    this.#start(rules.interval);
    this.#forget = onWake(() => this.check());
  }

  /** Notes that a frame has arrived. */
  noteReceived(): void {
    this.#heard = this.#now();
  }

  /** Notes that a frame was sent. */
  noteSent(): void {
    this.#sent = this.#now();
  }

  /** Sends a ping now, unless the answer to another one is still due. */
  check(): void {
    this.#readAnswer();
    // After a suspension, this can be called before the timer.
    if (this.#asked === undefined || this.#wasSuspended) this.#ask();
  }

  /** Sends a ping if nothing has arrived lately. Called if a request got no response. */
  suspect(): void {
    this.#readAnswer();
    // A request that ends just before the timer must not restart the timeout.
    if (this.#asked !== undefined) return;
    if (this.#now() - this.#heard >= MIN_HEARTBEAT) this.#ask();
  }

  /** Ends the heartbeats. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#forget();
  }

  /** Passes time. The timer calls it. */
  onTimer(): void {
    if (this.#asked === undefined) return this.#waitOrAsk();
    if (this.#hasHeard()) return this.#onAnswer();
    if (this.#wasSuspended && ++this.#suspensions <= MAX_SUSPENSIONS) {
      return this.#ask();
    }
    if (this.#isReading) {
      this.stop();
      return this.#target.onSilent(silent(this.#rules.timeout));
    }
    // Runtimes call timers before they read what has arrived.
    this.#isReading = true;
    this.#start(READING_TIME);
  }

  #waitOrAsk(): void {
    // A socket that counts bytes also shows the parts of a large frame.
    if (this.#bytesReceived !== this.#received) this.#noteProgress();
    const quiet = Math.min(this.#heard, this.#sent);
    const rest = quiet + this.#rules.interval - this.#now();
    if (rest > 0) this.#start(rest);
    else this.#ask();
  }

  #ask(): void {
    this.#asked = this.#sent = this.#now();
    this.#heard = 0;
    this.#isReading = false;
    this.#received = this.#bytesReceived;
    // The ping itself soon leaves the buffer, also if the server is gone.
    this.#unsent = this.#bytesUnsent;
    const { ping, socket } = this.#target;
    if (ping === undefined) pingSocket(socket);
    else ping();
    this.#start(this.#rules.timeout);
  }

  /** Whether anything shows that the server is still there. */
  #hasHeard(): boolean {
    return this.#heard > 0 || this.#bytesReceived !== this.#received ||
      // The ping waits behind data that the server is still reading.
      this.#bytesUnsent < this.#unsent;
  }

  /** Notes an answer before the timer does. */
  #readAnswer(): void {
    if (this.#asked !== undefined && this.#hasHeard()) this.#onAnswer();
  }

  #onAnswer(): void {
    if (this.#heard === 0) this.#noteProgress();
    this.#asked = undefined;
    this.#suspensions = 0;
    this.#waitOrAsk();
  }

  #noteProgress(): void {
    this.#received = this.#bytesReceived;
    this.#heard = this.#now();
  }

  /** Whether the timer of the answer should have fired long ago */
  get #wasSuspended(): boolean {
    return this.#now() - this.#due > SUSPENDED * this.#rules.timeout;
  }

  get #bytesReceived(): number {
    return this.#target.socket.bytesReceived ?? 0;
  }

  get #bytesUnsent(): number {
    return this.#target.socket.bufferedAmount ?? 0;
  }

  #start(delay: number): void {
    clearTimeout(this.#timer);
    // Sending a ping can end the connection.
    if (this.#isStopped) return;
    this.#due = this.#now() + delay;
    this.#timer = setTimeout(() => this.onTimer(), delay);
    // An open connection keeps the program alive, and its heartbeat does not.
    unref(this.#timer);
  }
}

/** Lets the program end before a timer. Browsers have no such function. */
function unref(timer: unknown): void {
  const { unref }: { unref?(): void } = Object(timer);
  unref?.call(timer);
}

/** How a connection ends whose server does not answer a ping. */
function silent(timeout: number): CloseInfo {
  const reason = `the server did not answer a ping within ${timeout} ms`;
  return { code: CloseCode.ABNORMAL, reason };
}
