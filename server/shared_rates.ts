/**
 * Rates that several connections share: those of one identity, or of one network.
 *
 * @module
 */

import { TokenBucket } from "../common/rate_limiter.ts";

/** The bucket of one key. */
interface Entry {
  readonly bucket: TokenBucket;
  /** When it was last used, in milliseconds */
  used: number;
}

/** The number of buckets from which full ones are removed. */
const MIN_SWEEP = 1_024;

/** A token bucket for each key. */
export class SharedRates {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #entries = new Map<unknown, Entry>();
  /** The number of entries at which the next removal begins */
  #sweepAt = MIN_SWEEP;

  /**
   * Constructs a `SharedRates`.
   *
   * @param perSecond The number of tokens per second and key
   * @param burst The maximum number of tokens of a key
   */
  constructor(
    perSecond: number,
    burst = Math.max(1, Math.ceil(2 * perSecond)),
  ) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** The number of keys that have a bucket */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Takes tokens of a key, and returns whether there were enough.
   *
   * @param key The key; `undefined` if there is none, and no limit
   * @param now The current time, in milliseconds
   * @param paused The length of all stalls until now, in milliseconds
   * @param count The number of tokens
   */
  allows(key: unknown, now: number, paused: number, count = 1): boolean {
    if (this.#perSecond === Infinity || key === undefined) return true;
    const entry = this.#entries.get(key) ?? this.#add(key, now, paused);
    entry.used = now;
    return entry.bucket.tryTake(now, paused, count);
  }

  #add(key: unknown, now: number, paused: number): Entry {
    if (this.#entries.size >= this.#sweepAt) this.#sweep(now);
    const bucket = new TokenBucket(this.#perSecond, this.#burst, paused);
    const entry = { bucket, used: now };
    this.#entries.set(key, entry);
    return entry;
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
