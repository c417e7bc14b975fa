/** Tests the histogram of the bench. */

import assert from "node:assert/strict";
import { Latencies } from "../../cli/latencies.ts";
import { seededRandom } from "../support/random.ts";

function latenciesOf(values: readonly number[]): Latencies {
  const latencies = new Latencies();
  for (const value of values) latencies.add(value);
  return latencies;
}

Deno.test("percentiles of random latencies are right to one percent", () => {
  const random = seededRandom(7);
  const values = Array.from({ length: 10_000 }, () => 10 ** (random() * 6 - 2));
  const latencies = latenciesOf(values);
  values.sort((a, b) => a - b);
  for (const part of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = values[Math.ceil(part * values.length) - 1]!;
    const error = Math.abs(latencies.percentile(part) / exact - 1);
    assert(error <= 0.0101, `${part}: ${error}`);
  }
  assert.equal(latencies.max, values.at(-1));
  const average = values.reduce((sum, value) => sum + value) / values.length;
  assert(Math.abs(latencies.average / average - 1) < 1e-9);
});

Deno.test("the latencies of several rounds are put together", () => {
  const all = new Latencies();
  all.addAll(latenciesOf([1, 1, 1]));
  all.addAll(latenciesOf([100]));
  all.addAll(new Latencies());
  assert.equal(all.count, 4);
  assert.equal(all.average, 25.75);
  assert.equal(all.max, 100);
  assert(Math.abs(all.percentile(0.5) - 1) < 0.01);
  assert.equal(all.percentile(1), 100);
});

Deno.test("there can be no latencies, and extreme ones", () => {
  const none = new Latencies();
  assert.deepEqual([none.count, none.average, none.max], [0, 0, 0]);
  assert.equal(none.percentile(0.5), 0);
  assert.deepEqual(none.bars(), []);
  // A clock can go back by a rounding error.
  const extreme = latenciesOf([-0.001, 0, 1e12]);
  assert.equal(extreme.percentile(0.5), 0.001);
  assert.equal(extreme.max, 1e12);
});

Deno.test("the bars of the histogram have round ends", () => {
  const bars = latenciesOf([0.9, 1, 1.5, 2, 7, 7]).bars();
  assert.deepEqual(bars, [
    { end: 1, count: 2 },
    { end: 2, count: 2 },
    { end: 5, count: 0 },
    { end: 10, count: 2 },
  ]);
});

Deno.test("no latency is missing in the bars", () => {
  const random = seededRandom(9);
  const values = Array.from({ length: 5_000 }, () => 10 ** (random() * 8 - 3));
  const bars = latenciesOf(values).bars();
  assert.equal(bars.reduce((sum, { count }) => sum + count, 0), 5_000);
});
