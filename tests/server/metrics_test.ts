/** The counters of a server, and what their snapshot contains. */

import assert from "node:assert/strict";
import { type CounterName, Metrics } from "../../server/metrics.ts";
import { BOUNDS, Histogram, OTHER } from "../../server/request_counters.ts";

/** Returns the values of a counter by one of its labels, without those that are 0. */
function valuesOf(metrics: Metrics, name: CounterName, label: string) {
  const samples = metrics.snapshot().counters[name];
  return Object.fromEntries(
    samples.filter(({ value }) => value !== 0)
      .map(({ labels, value }) => [labels[label], value]),
  );
}

Deno.test("a value that equals a bound is in the bucket below it", () => {
  const histogram = new Histogram();
  histogram.record(0);
  histogram.record(BOUNDS[0]!);
  histogram.record(BOUNDS[0]! * 1.001);
  histogram.record(BOUNDS.at(-1)!);
  histogram.record(BOUNDS.at(-1)! * 1.001);
  const { buckets, count } = histogram.sample({});
  assert.equal(buckets.length, BOUNDS.length + 1);
  assert.equal(buckets[0], 2);
  assert.equal(buckets[1], 1);
  assert.equal(buckets.at(-2), 1);
  assert.equal(buckets.at(-1), 1);
  assert.equal(count, 5);
});

Deno.test("the bounds of the buckets grow", () => {
  assert.deepEqual(BOUNDS, [...new Set(BOUNDS)].sort((a, b) => a - b));
});

Deno.test("a snapshot does not change later, and is plain JSON", () => {
  const metrics = new Metrics();
  metrics.operations.add("add");
  const before = metrics.snapshot();
  const json = JSON.stringify(before);
  metrics.operations.of("add").count("ok", performance.now());
  metrics.logins.accepted++;
  metrics.receivedBytes += 5;
  assert.equal(JSON.stringify(before), json);
  assert.deepEqual(JSON.parse(json), before);
});

Deno.test("names without a handler share one label", () => {
  const metrics = new Metrics();
  metrics.operations.add("add");
  for (const name of ["add", "x", "y", "__proto__", OTHER]) {
    metrics.operations.of(name).count("ok", performance.now());
  }
  assert.deepEqual(valuesOf(metrics, "hoist_operations_total", "name"), {
    add: 1,
    [OTHER]: 4,
  });
});

Deno.test("an application cannot register any number of labels", () => {
  const metrics = new Metrics();
  for (let number = 0; number < 2_000; number++) {
    metrics.messages.add(`message ${number}`).count("ok", 0);
  }
  const values = valuesOf(metrics, "hoist_messages_total", "name");
  assert.equal(Object.keys(values).length, 501);
  assert.equal(values[OTHER], 1_500);
});

Deno.test("a rejected request has no duration", () => {
  const metrics = new Metrics();
  const counters = metrics.operations.add("add");
  counters.count("rejected", performance.now());
  counters.count("failed", performance.now());
  const { histograms } = metrics.snapshot();
  const sample = histograms.hoist_operation_duration_seconds.find(
    ({ labels }) => labels.name === "add",
  );
  assert.equal(sample?.count, 1);
});

Deno.test("close codes that clients invent share one label", () => {
  const metrics = new Metrics();
  for (const code of [1000, 1006, 3000, 4999, 1015]) metrics.disconnect(code);
  assert.deepEqual(valuesOf(metrics, "hoist_disconnects_total", "code"), {
    1000: 1,
    1006: 1,
    [OTHER]: 3,
  });
});

Deno.test("limits that reject upgrades and logins count once more as limits", () => {
  const metrics = new Metrics();
  metrics.upgrades.maxConnections++;
  metrics.logins.maxConnections++;
  metrics.upgrades.locked_out++;
  metrics.logins.timed_out++;
  metrics.limitHits.maxRate++;
  assert.deepEqual(valuesOf(metrics, "hoist_limit_hits_total", "limit"), {
    maxConnections: 2,
    maxLoginFailures: 1,
    loginTimeout: 1,
    maxRate: 1,
  });
});

Deno.test("a gauge without a source is empty", () => {
  const metrics = new Metrics();
  metrics.observe("hoist_connections", () => 3);
  const { gauges } = metrics.snapshot();
  assert.deepEqual(gauges.hoist_connections, [{ labels: {}, value: 3 }]);
  assert.deepEqual(gauges.hoist_nodes, []);
  assert.deepEqual(gauges.hoist_open_streams, [{ labels: {}, value: 0 }]);
});
