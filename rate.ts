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
export class Rate {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filled = -Infinity;

  /**
   * Constructs a `Rate`.
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
    const gained = (now - this.#filled) * this.#perSecond / 1_000;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained) - 1;
    this.#filled = now;
    if (this.#tokens >= 0) return "yes";
    return this.#tokens > -this.#burst ? "no" : "never";
  }
}
