/**
 * Counts the requests of clients by their names, and measures how long they take.
 *
 * @module
 */

/** The labels of a value: their names and values */
export type MetricLabels = Readonly<Record<string, string>>;

/** One value of a counter or gauge */
export interface MetricSample {
  /** The labels; an empty object if there are none */
  readonly labels: MetricLabels;
  /** The value */
  readonly value: number;
}

/** One histogram: how many values are in each bucket */
export interface HistogramSample {
  /** The labels; an empty object if there are none */
  readonly labels: MetricLabels;
  /** The number of all values */
  readonly count: number;
  /** The sum of all values */
  readonly sum: number;
  /** The number of values in each bucket alone. The last bucket is above all bounds */
  readonly buckets: readonly number[];
}

/** The upper bounds of the buckets of durations, in seconds. */
export const BOUNDS: readonly number[] = Object.freeze([
  ...[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05],
  ...[0.1, 0.25, 0.5, 1, 2.5, 5, 10],
]);

/** The label of all names that are neither in the contract nor have a handler. */
export const OTHER = "_other";

/** How many names of messages, operations or streams become labels. */
const MAX_NAMES = 500;

/** Counts durations in buckets. */
export class Histogram {
  /** The sum of all values, in seconds */
  sum = 0;
  readonly buckets: number[] = new Array(BOUNDS.length + 1).fill(0);

  /** Adds a value, in seconds. A value that equals a bound belongs below it. */
  record(seconds: number): void {
    let index = 0;
    while (index < BOUNDS.length && seconds > BOUNDS[index]!) index++;
    this.buckets[index]!++;
    this.sum += seconds;
  }

  /** Returns the values. */
  sample(labels: MetricLabels): HistogramSample {
    const buckets = [...this.buckets];
    const count = buckets.reduce((sum, each) => sum + each, 0);
    return { labels, count, sum: this.sum, buckets };
  }
}

/**
 * How a request of a client ended: its handler succeeded, threw an error on purpose, or threw
 * another one; the server did not run it; or its caller cancelled it.
 */
export type RequestResult =
  | "ok"
  | "error"
  | "failed"
  | "rejected"
  | "cancelled";

/** Counts the requests with one name. Its handler keeps it, so that no name is looked up. */
export class RequestCounters {
  readonly results: Record<RequestResult, number> = {
    ...{ ok: 0, error: 0, failed: 0, rejected: 0, cancelled: 0 },
  };
  readonly durations: Histogram = new Histogram();
  /** The number of items of a stream */
  items = 0;

  /**
   * Counts a request that has ended.
   *
   * @param result How it ended
   * @param start When it arrived, in milliseconds of `performance.now()`
   */
  count(result: RequestResult, start: number): void {
    this.results[result]++;
    // The server did not run it, which would make the others look faster.
    if (result === "rejected") return;
    ended.add(this.durations, start);
  }
}

/**
 * The requests that have ended in this tick. One reading of the clock measures all of them,
 * because it takes as long as ten counters, and their answers leave at the end of the tick.
 */
class EndedRequests {
  // The arrays keep their memory, because growing them again takes as long as a clock.
  readonly #histograms: Histogram[] = [];
  readonly #starts: number[] = [];
  #count = 0;

  /** Adds a request that has ended. */
  add(histogram: Histogram, start: number): void {
    const index = this.#count++;
    this.#histograms[index] = histogram;
    this.#starts[index] = start;
    if (index === 0) void NOW.then(this.flush);
  }

  /** Measures the requests. Does nothing if there are none. */
  readonly flush = (): void => {
    if (this.#count === 0) return;
    const now = performance.now();
    for (let index = 0; index < this.#count; index++) {
      this.#histograms[index]!.record((now - this.#starts[index]!) / 1_000);
    }
    this.#count = 0;
  };
}

const NOW = Promise.resolve();

const ended = new EndedRequests();

/** Counts requests by name. Names that strangers choose share one counter. */
export class CountersByName {
  readonly #other = new RequestCounters();
  readonly #byName = new Map([[OTHER, this.#other]]);

  /** Returns the counters of a name that the contract has, or that gets a handler. */
  add(name: string): RequestCounters {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    // An application can register any number of names over time.
    if (this.#byName.size > MAX_NAMES) return this.#other;
    const counters = new RequestCounters();
    this.#byName.set(name, counters);
    return counters;
  }

  /** Returns the counters of a name that a client sent. */
  of(name: string): RequestCounters {
    return this.#byName.get(name) ?? this.#other;
  }

  /** Returns the requests by name and result. */
  results(): MetricSample[] {
    return [...this.#byName].flatMap(([name, { results }]) =>
      samplesOf(results, "result", { name })
    );
  }

  /** Returns the items of streams by name. */
  items(): MetricSample[] {
    return [...this.#byName].map(([name, { items }]) => ({
      labels: { name },
      value: items,
    }));
  }

  /** Returns the durations by name. */
  durations(): HistogramSample[] {
    ended.flush();
    return [...this.#byName].map(([name, { durations }]) =>
      durations.sample({ name })
    );
  }
}

/** Returns a sample for each key, which becomes the value of a label. */
export function samplesOf(
  values: Readonly<Record<string, number>>,
  label = "result",
  labels: MetricLabels = {},
): MetricSample[] {
  return Object.entries(values).map(([key, value]) => ({
    labels: { ...labels, [label]: key },
    value,
  }));
}
