/**
 * Collects many latencies in little memory.
 *
 * @module
 */

/** The ratio of one bucket to the next: each percentile is right to 1 %. */
const GROWTH = 1.01;

/** The upper end of the first bucket, in milliseconds. */
const FIRST = 0.001;

/** The number of buckets, which reach to about an hour. */
const COUNT = 2_216;

const LOG_GROWTH = Math.log(GROWTH);

/** A part of the histogram. */
export interface Bar {
  /** The upper end, in milliseconds */
  readonly end: number;
  readonly count: number;
}

/** Latencies in buckets whose size grows with the latency. */
export class Latencies {
  readonly #buckets = new Float64Array(COUNT);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  /** Adds a latency, in milliseconds. */
  add(latency: number): void {
    const value = Math.max(latency, 0);
    this.#buckets[indexOf(value)]!++;
    this.#count++;
    this.#sum += value;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
  }

  /** Adds all latencies of others. */
  addAll(others: Latencies): void {
    others.#buckets.forEach((count, index) => {
      this.#buckets[index]! += count;
    });
    this.#count += others.#count;
    this.#sum += others.#sum;
    this.#min = Math.min(this.#min, others.#min);
    this.#max = Math.max(this.#max, others.#max);
  }

  /** The number of latencies */
  get count(): number {
    return this.#count;
  }

  /** The average in milliseconds; 0 if there are none */
  get average(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** The largest latency in milliseconds; 0 if there are none */
  get max(): number {
    return this.#max;
  }

  /**
   * Returns the latency that a part of all latencies does not exceed.
   *
   * @param part The part, such as 0.99
   */
  percentile(part: number): number {
    const rank = Math.ceil(part * this.#count);
    let seen = 0;
    for (let index = 0; index < COUNT; index++) {
      seen += this.#buckets[index]!;
      if (seen >= rank && seen > 0) return this.#within(endOf(index));
    }
    return this.#max;
  }

  /** Returns the histogram with the ends 1, 2, 5, 10 …, without empty bars at its ends. */
  bars(): readonly Bar[] {
    const bars: { end: number; count: number }[] = [];
    for (let power = -3; power < 8; power++) {
      for (const step of [1, 2, 5]) {
        bars.push({ end: step * 10 ** power, count: 0 });
      }
    }
    this.#buckets.forEach((count, index) => {
      const end = Math.min(endOf(index), this.#max);
      // The ends of the buckets are not exact.
      const bar = bars.find((bar) => end <= bar.end * GROWTH) ?? bars.at(-1)!;
      bar.count += count;
    });
    const first = bars.findIndex(({ count }) => count > 0);
    const last = bars.findLastIndex(({ count }) => count > 0);
    return first < 0 ? [] : bars.slice(first, last + 1);
  }

  #within(value: number): number {
    return Math.min(Math.max(value, this.#min), this.#max);
  }
}

function indexOf(latency: number): number {
  if (latency <= FIRST) return 0;
  const index = Math.ceil(Math.log(latency / FIRST) / LOG_GROWTH);
  return Math.min(index, COUNT - 1);
}

function endOf(index: number): number {
  return FIRST * GROWTH ** index;
}
