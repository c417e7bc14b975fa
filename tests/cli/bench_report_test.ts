/** Tests the report of `bench`. */

import assert from "node:assert/strict";
import type { Round } from "../../cli/bench_load.ts";
import {
  compare,
  explainLimit,
  formatComparison,
  formatCount,
  formatLatency,
  formatResult,
  summarize,
  toJson,
} from "../../cli/bench_report.ts";
import { Latencies } from "../../cli/latencies.ts";
import { ResponseError } from "../../common/errors.ts";

function round(
  values: readonly number[],
  duration = 1_000,
  errors: readonly (readonly [string, number])[] = [],
): Round {
  const latencies = new Latencies();
  for (const value of values) latencies.add(value);
  return { latencies, duration, errors: new Map(errors) };
}

const FAST = "http://fast:5000";
const SLOW = "http://slow:5000";

Deno.test("a report contains the throughput, the percentiles and a histogram", () => {
  const rounds = [round([1, 1, 1, 40], 500, [["SERVER_ERROR", 2]]), round([2])];
  const report = formatResult(summarize(FAST, rounds));
  assert.match(report, /^http:\/\/fast:5000\n {2}throughput {2}3 requests\/s/);
  assert.match(report, /\(5 in 1\.5 s\)/);
  assert.match(report, /errors {6}2 SERVER_ERROR/);
  assert.match(report, / 50 % {4}1\.0[01] ms\n/);
  assert.match(report, /max {4}40\.0 ms\n/);
  assert.match(report, /up to {5}1 ms {2}#{40} {2}60\.0 %\n/);
  assert.match(report, /up to {4}50 ms {2}#{14} {28}20\.0 %$/);
  for (const line of report.split("\n")) assert(line.length <= 80, line);
});

Deno.test("a report of no answers has no percentiles", () => {
  const report = formatResult(summarize(FAST, [round([])]));
  assert.match(report, /0 requests\/s/);
  assert.doesNotMatch(report, /latency|NaN|Infinity/);
});

Deno.test("a report as JSON has the same figures", () => {
  const json = toJson(summarize(FAST, [round([2, 2, 2])]));
  assert.deepEqual(json, {
    url: FAST,
    ...{ requests: 3, seconds: 1, requestsPerSecond: 3 },
    latency: {
      average: 2,
      ...{ "p50": 2, "p75": 2, "p90": 2, "p99": 2, "p99.9": 2, "max": 2 },
    },
    errors: {},
  });
});

Deno.test("two servers are compared round by round", () => {
  const first = summarize(FAST, [round([1, 1, 1, 1]), round([1, 1])]);
  const second = summarize(SLOW, [round([2, 2]), round([9])]);
  const comparison = compare(first, second);
  assert.deepEqual(comparison, { ratio: 0.5, least: 0.5, most: 0.5 });
  const text = formatComparison(first, second, comparison!);
  assert.match(text, /^http:\/\/slow:5000 compared with http:\/\/fast:5000\n/);
  assert.match(text, /0\.50 times \(0\.50 to 0\.50 in 2 pairs of rounds\)/);
  const [one, other] = [
    summarize(FAST, [round([1])]),
    summarize(SLOW, [round([2])]),
  ];
  assert.match(
    formatComparison(one, other, compare(one, other)!),
    / in 1 pair of rounds\)/,
  );
  assert.match(text, /50 % {8}\d\.\d\d ms instead of 1\.00 ms/);
});

Deno.test("a server that answers nothing cannot be compared", () => {
  const none = summarize(FAST, [round([])]);
  assert.equal(compare(none, summarize(SLOW, [round([1])])), undefined);
});

Deno.test("latencies and counts are easy to read", () => {
  const shown = [0.1234, 12.34, 123.4, 12_340].map(formatLatency);
  assert.deepEqual(shown, ["0.12 ms", "12.3 ms", "123 ms", "12.3 s"]);
  assert.equal(formatCount(1_234_567.8), "1,234,568");
});

function limitError(data: unknown, code = 9): ResponseError {
  return new ResponseError(
    "message",
    {
      ...{ code, error: "LIMIT_EXCEEDED", message: "No.", description: null },
      data,
    } as ConstructorParameters<typeof ResponseError>[1],
  );
}

for (
  const [limit, remedy] of [
    ["maxRate", /which is 7\. Use --rate, use more --connections/],
    ["maxRatePerToken", /Use --rate, or raise the limit/],
    ["maxPending", /Use a lower --concurrency, or/],
    ["maxPendingBytes", /--concurrency or --size/],
    ["toString", /which is 7\. Use a lower load/],
    ["max\x1b[31m", /the limit 'max\\u\{1b\}\[31m'.*Use a lower load/],
  ] as const
) {
  Deno.test(`the report explains the limit ${JSON.stringify(limit)}`, () => {
    assert.match(explainLimit(limitError({ limit, value: 7 }))!, remedy);
  });
}

Deno.test("the report explains no other error", () => {
  assert.equal(explainLimit(limitError({ limit: "maxRate" }, 6)), undefined);
  assert.equal(explainLimit(new Error("broken")), undefined);
  assert.match(explainLimit(limitError(null))!, /Use a lower load/);
});
