/**
 * Limits the rate of requests for each identity.
 *
 * @module
 */

import { TokenBucket } from "../common/rate_limiter.ts";

/** The bucket of one identity. */
interface Entry {
  readonly bucket: TokenBucket;
  /** When it was last used, in milliseconds */
  used: number;
}

/** The number of identities from which unused ones are removed. */
const MIN_SWEEP = 1_024;

/** The rates of identities, each of which several connections can share. */
export class IdentityRates {
  readonly #perSecond: number;
  readonly #entries = new Map<unknown, Entry>();
  /** The number of entries at which the next removal begins */
  #sweepAt = MIN_SWEEP;

  /**
   * Constructs an `IdentityRates`.
   *
   * @param perSecond The number of requests per second and identity
   */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** The number of identities that are kept */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Counts a request, and returns whether the limit allows it.
   *
   * @param key What identifies the identity; `undefined` if there is none
   * @param now The current time, in milliseconds
   * @param paused The length of all stalls until now, in milliseconds
   */
  allows(key: unknown, now: number, paused: number): boolean {
    if (this.#perSecond === Infinity || key === undefined) return true;
    const entry = this.#entries.get(key) ?? this.#add(key, now, paused);
    entry.used = now;
    return entry.bucket.tryTake(now, paused);
  }

  #add(key: unknown, now: number, paused: number): Entry {
    if (this.#entries.size >= this.#sweepAt) this.#sweep(now);
    const bucket = new TokenBucket(this.#perSecond, this.#burst, paused);
    const entry = { bucket, used: now };
    this.#entries.set(key, entry);
    return entry;
  }

  get #burst(): number {
    return Math.max(1, Math.ceil(2 * this.#perSecond));
  }

  /** Removes the buckets that are full again, because a new one is the same. */
  #sweep(now: number): void {
    const fillTime = 1_000 * this.#burst / this.#perSecond;
    for (const [key, { used }] of this.#entries) {
      if (now - used >= fillTime) this.#entries.delete(key);
    }
    this.#sweepAt = Math.max(MIN_SWEEP, 2 * this.#entries.size);
  }
}

/**
 * Returns what identifies an identity: its `id`, otherwise its `name`, if this is a string
 * or a number, otherwise the identity itself.
 */
export function identityKey(identity: unknown): unknown {
  try {
    const { id, name } = Object(identity);
    return [id, name].find(isKey) ?? identity;
  } catch {
    // The identity comes from the application, and can have getters that throw.
    return identity;
  }
}

function isKey(value: unknown): boolean {
  return ["string", "number", "bigint"].includes(typeof value);
}
