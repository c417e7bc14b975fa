/**
 * Decides whether and when a client reconnects, without a clock or a socket.
 *
 * @module
 */

import {
  checkKeys,
  checkNumber,
  type KnownKeys,
  MAX_TIMEOUT,
  type NumberRange,
} from "../common/check.ts";
import {
  CloseCode,
  ConnectError,
  ConnectionClosedError,
  LoginError,
  VersionError,
} from "../common/errors.ts";
import { readable } from "../common/thrown.ts";
import { retryHint } from "../protocol/close.ts";
import { backoffDelay, longestDelay } from "./backoff.ts";
import { TokenError } from "./token_source.ts";

/** How a client reconnects */
export interface ReconnectOptions {
  /**
   * The upper limit of the random delay before the first attempt, in milliseconds from 1 to
   * 2,147,483,647. The limit doubles with each further attempt.
   *
   * @default {500}
   */
  readonly minDelay?: number | undefined;
  /**
   * The upper limit of the random delay before any attempt, in milliseconds from `minDelay`
   * to 2,147,483,647. A server that restarts, and the header `Retry-After` of a proxy, can
   * ask for a longer delay, up to one minute.
   *
   * @default {30_000}, or `minDelay` if that is more
   */
  readonly maxDelay?: number | undefined;
  /**
   * The number of consecutive attempts before the client gives up, at least 1.
   * `Infinity` for no limit. The count and the delay start again if a connection stayed open
   * for at least the current upper limit of the delay.
   *
   * @default {Infinity}
   */
  readonly maxAttempts?: number | undefined;
  /**
   * The number of requests that can wait while the client is not connected, at least 0.
   * Further requests reject with a `ConnectionClosedError`. The option `maxBuffered` limits
   * the bytes of the requests that wait. The client sends the waiting requests in order when
   * it has reconnected. Their timeouts start at the call. Idempotent operations that were in
   * progress always wait.
   *
   * @default {0}, and 1,000 with `createConnection`
   */
  readonly maxQueue?: number | undefined;
}

/** {@linkcode ReconnectOptions} with their defaults */
export type ReconnectRules = {
  readonly [Key in keyof ReconnectOptions]-?: number;
};

const DEFAULTS = {
  minDelay: 500,
  maxDelay: 30_000,
  maxAttempts: Infinity,
  maxQueue: 0,
} as const satisfies KnownKeys & ReconnectRules;

/** The rules of a client that makes one attempt, and does not reconnect. */
export const NO_RECONNECT: ReconnectRules = { ...DEFAULTS, maxAttempts: 0 };

const MIN_DELAY: NumberRange = {
  min: 1,
  max: MAX_TIMEOUT,
  unit: "milliseconds",
};

const MAX_ATTEMPTS: NumberRange = { min: 1, integer: true, infinity: true };

const MAX_QUEUE: NumberRange = { min: 0, integer: true };

/**
 * Checks the option `reconnect`.
 *
 * @param options The options
 * @param queue The default of `maxQueue`
 * @returns The options with their defaults
 *
 * @throws {TypeError} If an option is unknown or has the wrong type
 * @throws {RangeError} If an option is out of range
 */
export function resolveReconnectOptions(
  options: ReconnectOptions,
  queue: number = DEFAULTS.maxQueue,
): ReconnectRules {
  const subject = "Cannot connect";
  checkKeys(subject, options, DEFAULTS, "reconnect");
  const { minDelay = DEFAULTS.minDelay, maxQueue = queue } = options;
  checkNumber(subject, "reconnect.minDelay", minDelay, MIN_DELAY);
  // So that raising the lower bound does not require a second option.
  const { maxDelay = Math.max(DEFAULTS.maxDelay, minDelay) } = options;
  const longest = { ...MIN_DELAY, min: minDelay };
  checkNumber(subject, "reconnect.maxDelay", maxDelay, longest);
  const { maxAttempts = DEFAULTS.maxAttempts } = options;
  checkNumber(subject, "reconnect.maxAttempts", maxAttempts, MAX_ATTEMPTS);
  checkNumber(subject, "reconnect.maxQueue", maxQueue, MAX_QUEUE);
  return { minDelay, maxDelay, maxAttempts, maxQueue };
}

/** Decides what follows when a connection or an attempt has ended. */
export class ReconnectPolicy {
  readonly #rules: ReconnectRules;
  readonly #random: () => number;
  /** The number of attempts since the last stable connection. */
  #attempts = 0;
  /** When the connection last opened, in milliseconds. */
  #openedAt = Infinity;

  /**
   * Constructs a `ReconnectPolicy`.
   *
   * @param rules How often to reconnect, and after which delays
   * @param random Returns random numbers from 0 to 1
   */
  constructor(rules: ReconnectRules, random: () => number = Math.random) {
    this.#rules = rules;
    this.#random = random;
  }

  /** Forgets the attempts, because the application asked for another one. */
  reset(): void {
    this.#attempts = 0;
  }

  /** Records that the connection has opened, at a time in milliseconds. */
  onOpen(now: number): void {
    this.#openedAt = now;
  }

  /**
   * Decides what follows when the connection has ended, unless this side closed it.
   *
   * @param close The close code and the reason
   * @param now The time in milliseconds
   * @returns The delay before the next attempt in milliseconds; `undefined` to give up
   */
  afterClose(
    close: { readonly code: number; readonly reason: string },
    now: number,
  ): number | undefined {
    if (isDeliberate(close.code)) return undefined;
    // A server that accepts each login and then closes gets no more attempts than a
    // server that does not answer.
    const lasted = now - this.#openedAt;
    if (lasted >= longestDelay(this.#attempts, this.#rules)) this.#attempts = 0;
    return this.#next(retryHint(close));
  }

  /**
   * Decides what follows when an attempt has failed.
   *
   * @param error The error of the attempt
   * @returns The delay before the next attempt in milliseconds; `undefined` to give up
   */
  afterFailure(error: unknown): number | undefined {
    if (isFinal(error)) return undefined;
    const delay = this.#next();
    if (delay === undefined || !(error instanceof ConnectError)) return delay;
    // The random delay is added, because a proxy asks all clients for the same delay.
    return Math.min(delay + (error.retryAfter ?? 0), MAX_TIMEOUT);
  }

  /** Uses the server's hint for the first attempt only, so that a server that closes
   * repeatedly cannot make every attempt immediate. */
  #next(hint?: number): number | undefined {
    if (this.#attempts >= this.#rules.maxAttempts) return undefined;
    const attempt = this.#attempts++;
    if (attempt === 0 && hint !== undefined) return hint;
    return backoffDelay(attempt, this.#rules, this.#random);
  }
}

/** Whether an application chose the code: RFC 6455, sections 7.4.1 and 7.4.2. */
function isDeliberate(code: number): boolean {
  return code === CloseCode.NORMAL || (code >= 3_000 && code <= 4_999);
}

/** Whether another attempt would fail in the same way. */
function isFinal(error: unknown): boolean {
  if (error instanceof LoginError || error instanceof VersionError) return true;
  if (error instanceof TokenError) return false;
  const cause = error instanceof Error ? readable(error.cause) : undefined;
  return cause instanceof ConnectionClosedError &&
    (isDeliberate(cause.code) || cause.code === CloseCode.MESSAGE_TOO_BIG);
}
