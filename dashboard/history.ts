/**
 * The numbers of the last minutes, as the charts show them.
 *
 * @module
 */

import type { AdminStats } from "../admin/types.ts";
import { Cell } from "./cell.ts";

/** One value, with the names and values of its labels. */
interface Counted {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The metrics that the charts show. */
export interface Metrics {
  readonly counters: Readonly<Partial<Record<string, readonly Counted[]>>>;
  /** The number of values in each bucket alone. The last bucket is above all bounds */
  readonly histograms: Readonly<
    Record<string, readonly { readonly buckets: readonly number[] }[]>
  >;
  /** The upper bounds of the buckets, in seconds */
  readonly bounds: readonly number[];
}

/** An item of the stream of numbers. */
export type Stats = AdminStats & { readonly metrics?: Metrics };

const NO_METRICS: Metrics = { counters: {}, histograms: {}, bounds: [] };

/** How many items the charts show: ten minutes, with one item each second. */
const LENGTH = 600;

/** What the charts show of one second. */
export interface Sample {
  /** The time, in seconds since 1970 */
  readonly time: number;
  readonly clients: number | null;
  /** Requests of the clients per second: messages, operations and streams */
  readonly requests: number | null;
  /** Items of streams per second */
  readonly items: number | null;
  /** Frames that the server has sent per second */
  readonly sent: number | null;
  /** The duration of requests, in milliseconds; `null` if there were none */
  readonly median: number | null;
  readonly slow: number | null;
  readonly buffered: number | null;
  /** Requests that failed, or that the server rejected, per second */
  readonly errors: number | null;
  readonly failed: number | null;
}

/** A second in which the page had no connection, which is a gap in the charts. */
const gap = (time: number): Sample => ({
  time,
  clients: null,
  requests: null,
  items: null,
  sent: null,
  median: null,
  slow: null,
  buffered: null,
  errors: null,
  failed: null,
});

/** Keeps the numbers of the last minutes. */
export class History {
  readonly samples: Cell<readonly Sample[]> = new Cell<readonly Sample[]>([]);
  readonly latest: Cell<Stats | undefined> = new Cell<Stats | undefined>(
    undefined,
  );
  #previous: Stats | undefined;

  /** Begins again, because numbers were missed. */
  interrupt(): void {
    this.#previous = undefined;
    const last = this.samples.value.at(-1);
    if (last !== undefined) this.#push(gap(last.time + 0.5));
  }

  /** Adds an item of the stream. */
  add(stats: Stats): void {
    const previous = this.#previous;
    this.#previous = stats;
    this.latest.value = stats;
    // The numbers of another server say nothing about the difference.
    if (previous === undefined || previous.node !== stats.node) return;
    this.#push(compare(previous, stats));
  }

  #push(sample: Sample): void {
    this.samples.value = [...this.samples.value, sample].slice(-LENGTH);
  }
}

const REQUESTS = [
  "hoist_messages_total",
  "hoist_operations_total",
  "hoist_streams_total",
] as const;

/** Returns what happened between two items. */
function compare(previous: Stats, stats: Stats): Sample {
  const seconds = Math.max(0.001, (stats.time - previous.time) / 1_000);
  const { metrics: before = NO_METRICS } = previous;
  const { metrics: now = NO_METRICS } = stats;
  const rate = (names: readonly string[], results?: readonly string[]) =>
    (totalOf(now, names, results) - totalOf(before, names, results)) / seconds;
  const old = durationsOf(before);
  const durations = durationsOf(now).map((total, index) =>
    total - (old[index] ?? 0)
  );
  return {
    time: stats.time / 1_000,
    clients: stats.clients,
    requests: rate(REQUESTS),
    items: rate(["hoist_stream_items_total"]),
    sent: rate(["hoist_sent_frames_total"]),
    median: quantile(durations, now.bounds, 0.5),
    slow: quantile(durations, now.bounds, 0.99),
    buffered: stats.buffered,
    errors: rate(REQUESTS, ["error", "rejected"]) +
      rate(["hoist_invalid_frames_total", "hoist_limit_hits_total"]),
    failed: rate(REQUESTS, ["failed"]),
  };
}

/** Returns the total of counters, of all results or of some of them. */
function totalOf(
  { counters }: Metrics,
  names: readonly string[],
  results?: readonly string[],
): number {
  return names.flatMap((name) => counters[name] ?? [])
    .filter(({ labels }) => results?.includes(labels.result ?? "") ?? true)
    .reduce((total, { value }) => total + value, 0);
}

/** Returns how many requests have ended in each bucket. */
function durationsOf({ histograms, bounds }: Metrics): readonly number[] {
  const samples = Object.values(histograms).flat();
  return [...bounds, Infinity].map((_, index) =>
    samples.reduce((total, { buckets }) => total + (buckets[index] ?? 0), 0)
  );
}

/** Estimates a quantile in milliseconds, as Prometheus does: linear in its bucket. */
export function quantile(
  buckets: readonly number[],
  bounds: readonly number[],
  part: number,
): number | null {
  const total = buckets.reduce((sum, each) => sum + each, 0);
  if (total <= 0) return null;
  let rest = part * total;
  for (const [index, each] of buckets.entries()) {
    if (rest > each) {
      rest -= each;
      continue;
    }
    const low = bounds[index - 1] ?? 0;
    const high = bounds[index] ?? low;
    return 1_000 * (low + (high - low) * (each === 0 ? 0 : rest / each));
  }
  return null;
}

/** The shortest time that a chart shows, in seconds. */
const SHORTEST = 120;

/**
 * Returns the first and the last time that a chart shows, in seconds since 1970. If there is
 * one sample, uPlot would show a day, and without samples the year 1970.
 *
 * @param times The times of the samples, in seconds since 1970
 */
export function timesOf(times: ArrayLike<number>): [number, number] {
  const last = times[times.length - 1] ?? Date.now() / 1_000;
  const first = times[0] ?? last;
  return [Math.min(first, last - SHORTEST), last];
}
