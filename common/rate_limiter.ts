/**
 * Limits how often something can happen.
 *
 * @module
 */

/**
 * The result of taking a token: `"reject"` if the bucket is empty, and `"disconnect"` if
 * the caller has gone on for another full burst after that.
 */
export type Verdict = "allow" | "reject" | "disconnect";

/** The longest pause whose tokens can exceed the burst, in milliseconds. */
const MAX_PAUSE = 30_000;

/**
 * A token bucket, which fills at a constant rate. Attempts while the bucket is empty
 * create a debt, so that a client that ignores the limit makes no progress.
 *
 * The tokens of a pause in which nothing could be taken are added to the burst, because
 * the attempts of this time are made all at once at its end.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filled = -Infinity;
  #paused: number;

  /**
   * Constructs a `TokenBucket`.
   *
   * @param perSecond The number of tokens that are added per second
   * @param burst The maximum number of tokens
   * @param paused The length of all pauses before the first attempt, in milliseconds
   */
  constructor(perSecond: number, burst: number, paused = 0) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#paused = paused;
  }

  /**
   * Takes tokens. Creates a debt if there are not enough.
   *
   * @param now The current time in milliseconds, from a clock that never goes back
   * @param paused The length of all pauses until now, in milliseconds
   * @param count The number of tokens
   */
  take(now: number, paused = 0, count = 1): Verdict {
    if (this.#perSecond === Infinity || this.#burst === Infinity) {
      return "allow";
    }
    this.#fill(now, paused);
    this.#tokens -= count;
    if (this.#tokens >= 0) return "allow";
    return this.#tokens > -this.#burst ? "reject" : "disconnect";
  }

  /** Takes tokens and returns true, or returns false and creates no debt. */
  tryTake(now: number, paused = 0, count = 1): boolean {
    this.#fill(now, paused);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Gives a token back. */
  restore(): void {
    if (this.#tokens < this.#burst) this.#tokens++;
  }

  #fill(now: number, paused: number): void {
    const pause = Math.min(paused - this.#paused, MAX_PAUSE);
    const gained = this.#gain(now - this.#filled - pause);
    const capped = Math.min(this.#burst, this.#tokens + gained);
    const most = this.#burst + this.#gain(MAX_PAUSE);
    // Tokens of an earlier pause are kept, but they do not increase.
    const tokens = Math.max(this.#tokens, capped) + this.#gain(pause);
    this.#tokens = Math.min(most, tokens);
    this.#filled = now;
    this.#paused = paused;
  }

  /** Returns the number of tokens that are added in a time in milliseconds. */
  #gain(time: number): number {
    return time * this.#perSecond / 1_000;
  }
}

/** Limits how many lines are logged, and reports how many were omitted. */
export class LogThrottle {
  readonly #bucket: TokenBucket;
  #omitted = 0;

  /**
   * Constructs a `LogThrottle`.
   *
   * @param perSecond The number of lines per second in the long run
   * @param burst The maximum number of lines at once
   */
  constructor(perSecond: number, burst: number) {
    this.#bucket = new TokenBucket(perSecond, burst);
  }

  /**
   * Returns the line to log, or `undefined` if it exceeds the limit.
   *
   * @param line The line
   * @param now The current time, in milliseconds
   */
  pass(line: string, now: number = performance.now()): string | undefined {
    const omitted = this.take(0, now);
    return omitted === undefined ? undefined : withOmitted(line, omitted);
  }

  /**
   * Takes the place of a line, for a line that several throttles limit.
   *
   * @param before The number of lines before this one that another throttle omitted
   * @param now The current time, in milliseconds
   * @returns The number of lines that were omitted before, or `undefined` if the line exceeds the
   * limit
   */
  take(before = 0, now: number = performance.now()): number | undefined {
    const omitted = this.#omitted + before;
    const fits = this.#bucket.tryTake(now);
    this.#omitted = fits ? 0 : omitted + 1;
    return fits ? omitted : undefined;
  }

  /** Does not count a line that was logged. */
  restore(): void {
    this.#bucket.restore();
  }
}

/** Returns a line that says how many lines before it were omitted. */
export function withOmitted(line: string, omitted: number): string {
  if (omitted === 0) return line;
  const lines = omitted === 1 ? "line was" : "lines were";
  return `${line} (${omitted} earlier ${lines} omitted)`;
}
