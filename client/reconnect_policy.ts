/**
 * Whether and when a connection comes back, without any clock or socket.
 *
 * @module
 */

import { MAX_TIMEOUT } from "../common/check.ts";
import {
  CloseCode,
  ConnectionClosedError,
  LoginError,
  VersionError,
} from "../common/errors.ts";
import { retryHint } from "../protocol/close.ts";
/** Between which bounds the waits grow. */
export interface BackoffOptions {
  /** The longest that the first wait may be, in milliseconds */
  readonly minDelay: number;
  /** The longest that any wait may be, in milliseconds */
  readonly maxDelay: number;
}

/**
 * The longest that the wait before an attempt may be: twice as long each time, up to a
 * bound.
 *
 * @param attempt How many attempts came before in vain
 * @param options The bounds
 * @returns A time in milliseconds
 */
export function longestDelay(
  attempt: number,
  { minDelay, maxDelay }: BackoffOptions,
): number {
  return Math.min(maxDelay, minDelay * 2 ** attempt);
}

/**
 * The wait before an attempt: anything up to the longest one ("full jitter"), so that
 * clients that were lost together do not come back together.
 *
 * @param attempt How many attempts came before in vain
 * @param options The bounds
 * @param random A number from 0 up to 1, each time another
 * @returns A whole number of milliseconds
 */
export function backoffDelay(
  attempt: number,
  options: BackoffOptions,
  random: () => number = Math.random,
): number {
  return Math.round(random() * longestDelay(attempt, options));
}

/** How a connection comes back */
export interface ReconnectOptions {
  /**
   * The longest that the wait before the first attempt may be, in milliseconds from 1
   * to 2,147,483,647. Each further wait may be twice as long, and any wait is a random
   * part of that, from nothing on.
   *
   * @default {500}
   */
  readonly minDelay?: number | undefined;
  /**
   * The longest that any wait may be, in milliseconds from `minDelay` to
   * 2,147,483,647. Only a server that goes down may ask for more, up to a minute.
   *
   * @default {30_000}
   */
  readonly maxDelay?: number | undefined;
  /**
   * After how many attempts in a row to give up, from 1 on; `Infinity` for never. The
   * count starts over once a connection has lasted as long as the next wait could.
   *
   * @default {Infinity}
   */
  readonly maxAttempts?: number | undefined;
  /**
   * How many requests may wait while there is no connection; the next one rejects with
   * a `ConnectionClosedError`. They are sent in their order once the connection is
   * back, and their time counts from the call on. Operations that run again wait, too,
   * and are never turned away.
   *
   * @default {0}
   */
  readonly maxQueue?: number | undefined;
}

/** {@linkcode ReconnectOptions} with nothing left out. */
export type ReconnectRules = {
  readonly [Key in keyof ReconnectOptions]-?: number;
};

/**
 * Fills in what the options leave out.
 *
 * @throws {RangeError} If one of them makes no sense
 */
export function rulesOf(options: ReconnectOptions): ReconnectRules {
  const { minDelay = 500, maxQueue = 0, maxAttempts = Infinity } = options;
  // A lower bound beyond the usual upper one should not need two options.
  const { maxDelay = Math.max(30_000, minDelay) } = options;
  assertFrom("minDelay", minDelay, 1, MAX_TIMEOUT);
  assertFrom("maxDelay", maxDelay, minDelay, MAX_TIMEOUT);
  if (maxAttempts !== Infinity) assertWhole("maxAttempts", maxAttempts, 1);
  assertWhole("maxQueue", maxQueue, 0);
  return { minDelay, maxDelay, maxAttempts, maxQueue };
}

function assertFrom(
  name: string,
  value: number,
  lowest: number,
  highest: number,
): void {
  if (value >= lowest && value <= highest) return;
  throw new RangeError(
    `Cannot connect as 'reconnect.${name}' must be from ${lowest} to ${highest} milliseconds: current value is ${value}`,
  );
}

function assertWhole(name: string, value: number, lowest: number): void {
  if (Number.isSafeInteger(value) && value >= lowest) return;
  throw new RangeError(
    `Cannot connect as 'reconnect.${name}' must be a whole number from ${lowest} on: current value is ${value}`,
  );
}

/** Decides what follows when a connection or an attempt has ended. */
export class ReconnectPolicy {
  readonly #rules: ReconnectRules;
  readonly #random: () => number;
  /** Those since a connection last proved to be one. */
  #made = 0;
  /** When the connection opened last; never so far. */
  #openedAt = Infinity;

  /**
   * Constructs `ReconnectPolicy`.
   *
   * @param rules How often, and how soon
   * @param random A number from 0 up to 1, each time another
   */
  constructor(rules: ReconnectRules, random: () => number = Math.random) {
    this.#rules = rules;
    this.#random = random;
  }

  /** The connection is open, as of a time in milliseconds. */
  opened(now: number): void {
    this.#openedAt = now;
  }

  /**
   * The connection has ended without this side wanting it.
   *
   * @param close The close code and the reason
   * @param now The time in milliseconds
   * @returns How long to wait before an attempt, in milliseconds; `undefined` for ever
   */
  afterClose(
    close: { readonly code: number; readonly reason: string },
    now: number,
  ): number | undefined {
    if (isDeliberate(close.code)) return undefined;
    // A server that lets one in and hangs up at once gets no more attempts than one
    // that does not open at all.
    const lasted = now - this.#openedAt;
    if (lasted >= longestDelay(this.#made, this.#rules)) this.#made = 0;
    return this.#next(retryHint(close));
  }

  /**
   * An attempt has failed.
   *
   * @param error What was thrown
   * @returns How long to wait before the next one, in milliseconds; `undefined` for ever
   */
  afterFailure(error: unknown): number | undefined {
    return isFinal(error) ? undefined : this.#next();
  }

  /** The hint is for the first attempt: a server could make all of them at once. */
  #next(hint?: number): number | undefined {
    if (this.#made >= this.#rules.maxAttempts) return undefined;
    const attempt = this.#made++;
    if (attempt === 0 && hint !== undefined) return hint;
    return backoffDelay(attempt, this.#rules, this.#random);
  }
}

/**
 * Whether the server may have closed because of what this side sent: sent again, it
 * would close again.
 */
export function isOurFault(code: number): boolean {
  return OUR_FAULTS.has(code);
}

const OUR_FAULTS: ReadonlySet<number> = new Set([
  CloseCode.UNSUPPORTED_DATA,
  CloseCode.POLICY_VIOLATION,
  CloseCode.MESSAGE_TOO_BIG,
]);

/** Whether a program chose the code: RFC 6455, sections 7.4.1 and 7.4.2. */
function isDeliberate(code: number): boolean {
  return code === CloseCode.NORMAL || (code >= 3_000 && code <= 4_999);
}

/** Whether another attempt would end the same way. */
function isFinal(error: unknown): boolean {
  if (error instanceof LoginError || error instanceof VersionError) return true;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof ConnectionClosedError && isDeliberate(cause.code);
}
