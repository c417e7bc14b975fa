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

/**
 * A token bucket, which fills at a constant rate. Attempts while the bucket is empty
 * create a debt, so that a client that ignores the limit makes no progress.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filled = -Infinity;

  /**
   * Constructs a `TokenBucket`.
   *
   * @param perSecond The number of tokens that are added per second
   * @param burst The maximum number of tokens
   */
  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /**
   * Takes a token. Creates a debt if there is none.
   *
   * @param now The current time in milliseconds, from a clock that never goes back
   */
  take(now: number): Verdict {
    if (this.#perSecond === Infinity || this.#burst === Infinity) {
      return "allow";
    }
    this.#fill(now);
    this.#tokens--;
    if (this.#tokens >= 0) return "allow";
    return this.#tokens > -this.#burst ? "reject" : "disconnect";
  }

  /** Takes a token and returns true, or returns false and creates no debt. */
  tryTake(now: number): boolean {
    this.#fill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #fill(now: number): void {
    const gained = (now - this.#filled) * this.#perSecond / 1_000;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#filled = now;
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
  pass(line: string, now: number): string | undefined {
    if (!this.#bucket.tryTake(now)) {
      this.#omitted++;
      return undefined;
    }
    const note = this.#omitted === 0
      ? ""
      : ` (${this.#omitted} earlier lines were omitted)`;
    this.#omitted = 0;
    return `${line}${note}`;
  }
}
