/**
 * The results of `bench`, for people and for programs.
 *
 * @module
 */

import { ErrorCode, ResponseError } from "../common/errors.ts";
import { isJsonObject, type JsonObject } from "../common/json.ts";
import { showName } from "../common/text.ts";
import type { Round } from "./bench_load.ts";
import { plural, round } from "./findings.ts";
import { type Bar, Latencies } from "./latencies.ts";

/** What was measured of one server. */
export interface Result {
  readonly url: string;
  readonly requests: number;
  /** In milliseconds */
  readonly duration: number;
  /** The requests per second of each round */
  readonly rates: readonly number[];
  readonly latencies: Latencies;
  readonly errors: ReadonlyMap<string, number>;
}

/** Puts the rounds of one server together. */
export function summarize(url: string, rounds: readonly Round[]): Result {
  const latencies = new Latencies();
  const errors = new Map<string, number>();
  let duration = 0;
  for (const round of rounds) {
    latencies.addAll(round.latencies);
    duration += round.duration;
    for (const [name, count] of round.errors) {
      errors.set(name, (errors.get(name) ?? 0) + count);
    }
  }
  const rates = rounds.map(rateOf);
  return { url, requests: latencies.count, duration, rates, latencies, errors };
}

function rateOf({ latencies, duration }: Round): number {
  return perSecond(latencies.count, duration);
}

/** The percentiles of the report. */
const PERCENTILES = [0.5, 0.75, 0.9, 0.99, 0.999] as const;

/** Returns a result as JSON. Latencies are in milliseconds. */
export function toJson(
  { url, requests, duration, latencies, errors }: Result,
): JsonObject {
  const percentiles = PERCENTILES.map((part): [string, number] => [
    `p${part * 100}`,
    round(latencies.percentile(part)),
  ]);
  return {
    url,
    requests,
    seconds: round(duration / 1_000),
    requestsPerSecond: round(perSecond(requests, duration)),
    latency: {
      average: round(latencies.average),
      ...Object.fromEntries(percentiles),
      max: round(latencies.max),
    },
    errors: Object.fromEntries(errors),
  };
}

function perSecond(requests: number, duration: number): number {
  return duration === 0 ? 0 : requests / duration * 1_000;
}

/** Formats a result for people. */
export function formatResult(result: Result): string {
  const { url, requests, duration, latencies, errors } = result;
  const rate = formatCount(perSecond(requests, duration));
  const lines = [
    url,
    `  throughput  ${rate} requests/s (${formatCount(requests)} in ${
      (duration / 1_000).toFixed(1)
    } s)`,
    ...formatErrors(errors),
  ];
  if (requests === 0) return lines.join("\n");
  return [
    ...lines,
    `  latency     average ${formatLatency(latencies.average)}`,
    ...PERCENTILES.map((part) =>
      formatPercentile(`${part * 100} %`, latencies.percentile(part))
    ),
    formatPercentile("max", latencies.max),
    "",
    ...formatBars(latencies.bars(), requests),
  ].join("\n");
}

function formatErrors(errors: ReadonlyMap<string, number>): readonly string[] {
  if (errors.size === 0) return [];
  const counts = [...errors].map(([name, count]) =>
    `${formatCount(count)} ${showName(name)}`
  );
  return [`  errors      ${counts.join(", ")}`];
}

function formatPercentile(name: string, latency: number): string {
  return `    ${name.padStart(6)}  ${formatLatency(latency).padStart(9)}`;
}

/** Formats a latency with three digits. */
export function formatLatency(ms: number): string {
  const digits = ms >= 100 ? 0 : ms >= 10 ? 1 : 2;
  return ms < 10_000
    ? `${ms.toFixed(digits)} ms`
    : `${(ms / 1_000).toFixed(1)} s`;
}

/** Formats a whole number with separators of the thousands. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en");
}

/** The longest bar of the histogram, in characters. */
const WIDTH = 40;

function formatBars(bars: readonly Bar[], total: number): readonly string[] {
  const most = Math.max(...bars.map(({ count }) => count));
  return bars.map(({ end, count }) => {
    const bar = "#".repeat(Math.ceil(count / most * WIDTH)).padEnd(WIDTH);
    const part = `${(count / total * 100).toFixed(1)} %`;
    return `  up to ${formatEnd(end).padStart(8)}  ${bar} ${part.padStart(7)}`;
  });
}

/** The ends are round numbers. */
function formatEnd(ms: number): string {
  return ms < 1_000 ? `${Number(ms.toPrecision(1))} ms` : `${ms / 1_000} s`;
}

/** What the second server is compared with the first. */
export interface Comparison {
  /** The ratio of the throughputs in the middle of the rounds */
  readonly ratio: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Compares the rounds of two servers in pairs, so that a change of the machine affects both.
 *
 * @returns The comparison; `undefined` if a server has answered nothing
 */
export function compare(first: Result, second: Result): Comparison | undefined {
  const ratios = second.rates.map((rate, index) => rate / first.rates[index]!)
    .filter((ratio) => Number.isFinite(ratio)).sort((a, b) => a - b);
  if (ratios.length === 0) return undefined;
  const middle = ratios.length >> 1;
  const ratio = ratios.length % 2 === 1
    ? ratios[middle]!
    : (ratios[middle - 1]! + ratios[middle]!) / 2;
  return { ratio, least: ratios[0]!, most: ratios.at(-1)! };
}

/** Formats a comparison for people. */
export function formatComparison(
  first: Result,
  second: Result,
  { ratio, least, most }: Comparison,
): string {
  const latency = (result: Result) =>
    formatLatency(result.latencies.percentile(0.5));
  const tail = (result: Result) =>
    formatLatency(result.latencies.percentile(0.99));
  return [
    `${second.url} compared with ${first.url}`,
    `  throughput  ${ratio.toFixed(2)} times (${least.toFixed(2)} to ${
      most.toFixed(2)
    } in ${plural(first.rates.length, "pair")} of rounds)`,
    `  50 %        ${latency(second)} instead of ${latency(first)}`,
    `  99 %        ${tail(second)} instead of ${tail(first)}`,
  ].join("\n");
}

/** What to do when the load exceeds a limit of the server, by the name of the limit. */
const LIMIT_REMEDIES: ReadonlyMap<string, string> = new Map([
  ["maxRate", "Use --rate, use more --connections, or raise the limit."],
  ["maxRatePerToken", "Use --rate, or raise the limit."],
  ["maxPending", "Use a lower --concurrency, or raise the limit."],
  [
    "maxPendingBytes",
    "Use a lower --concurrency or --size, or raise the limit.",
  ],
]);

/**
 * Explains the error LIMIT_EXCEEDED: the load has measured the limit, and not the server.
 *
 * @returns The explanation; `undefined` for any other error
 */
export function explainLimit(error: unknown): string | undefined {
  if (
    !(error instanceof ResponseError) || error.code !== ErrorCode.LIMIT_EXCEEDED
  ) return undefined;
  const { limit = "", value } = isJsonObject(error.data) ? error.data : {};
  const name = showName(String(limit));
  const remedy = LIMIT_REMEDIES.get(name) ??
    "Use a lower load, or raise the limit.";
  return `The load exceeds the limit '${name}' of the server, which is ${
    showName(String(value))
  }. ${remedy}`;
}
