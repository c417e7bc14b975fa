/**
 * Who has guessed too many tokens.
 *
 * @module
 */

/** The refused tokens of one address. */
interface Failures {
  count: number;
  /** When they are forgotten. */
  readonly until: number;
}

/** How many addresses are remembered: an attacker may have any number of them. */
const MAX_ADDRESSES = 10_000;

/** Counts the refused tokens of each address. */
export class LoginFailures {
  readonly #limit: number;
  readonly #window: number;
  /** In the order in which they are forgotten. */
  readonly #byAddress = new Map<string, Failures>();

  /**
   * Constructs `LoginFailures`.
   *
   * @param limit How many there may be
   * @param window How long they count from the first one on, in milliseconds
   */
  constructor(limit: number, window: number) {
    this.#limit = limit;
    this.#window = window;
  }

  /** A token of the address was refused. */
  add(address: string, now: number): void {
    this.#forget(now);
    const failures = this.#byAddress.get(address);
    if (failures !== undefined) return void failures.count++;
    if (this.#byAddress.size >= MAX_ADDRESSES) this.#forgetOldest();
    this.#byAddress.set(address, { count: 1, until: now + this.#window });
  }

  /** How long the address is locked out, in milliseconds; 0 if it is not. */
  lockout(address: string, now: number): number {
    const failures = this.#byAddress.get(address);
    if (failures === undefined || failures.count < this.#limit) return 0;
    return Math.max(0, failures.until - now);
  }

  #forget(now: number): void {
    for (const [address, { until }] of this.#byAddress) {
      if (until > now) return;
      this.#byAddress.delete(address);
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#byAddress.keys();
    if (oldest !== undefined) this.#byAddress.delete(oldest);
  }
}
