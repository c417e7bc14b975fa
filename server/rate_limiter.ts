/**
 * How often something may happen.
 *
 * @module
 */

/**
 * Whether something may happen: `yes`, `no`, or `never` again, as it was tried for as
 * many times as a burst has after the answer was `no`.
 */
export type Verdict = "yes" | "no" | "never";

/**
 * A bucket of tokens that fills steadily. What is tried when it is empty makes a debt,
 * so that who does not listen does not get anywhere.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filled = -Infinity;

  /**
   * Constructs a `TokenBucket`.
   *
   * @param perSecond How often it may happen in the long run
   * @param burst How often it may happen at once
   */
  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /**
   * Tries once.
   *
   * @param now The time, in milliseconds from anywhere on; it never goes back
   */
  take(now: number): Verdict {
    if (this.#perSecond === Infinity || this.#burst === Infinity) return "yes";
    this.#fill(now);
    this.#tokens--;
    if (this.#tokens >= 0) return "yes";
    return this.#tokens > -this.#burst ? "no" : "never";
  }

  /** Tries once, and makes no debt. */
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

/** Lets some lines through to the log, and says how many it did not. */
export class LogThrottle {
  readonly #rate: TokenBucket;
  #withheld = 0;

  /**
   * Constructs a `LogThrottle`.
   *
   * @param perSecond How many lines there may be in the long run
   * @param burst How many there may be at once
   */
  constructor(perSecond: number, burst: number) {
    this.#rate = new TokenBucket(perSecond, burst);
  }

  /**
   * Asks for a line.
   *
   * @returns The line with what else has to be said, or `undefined` if it is one too many
   */
  pass(line: string, now: number): string | undefined {
    if (!this.#rate.tryTake(now)) {
      this.#withheld++;
      return undefined;
    }
    const note = this.#withheld === 0
      ? ""
      : ` (${this.#withheld} lines before this one are left out)`;
    this.#withheld = 0;
    return `${line}${note}`;
  }
}
