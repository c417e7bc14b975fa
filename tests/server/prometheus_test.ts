/** The text format of Prometheus. */

import assert from "node:assert/strict";
import { Metrics } from "../../server/metrics.ts";
import { formatMetrics } from "../../server/prometheus.ts";
import { parseMetrics } from "../support/metrics.ts";

Deno.test("the values of labels are escaped", () => {
  const text = formatMetrics(new Metrics().snapshot(), [{
    name: "odd",
    type: "gauge",
    help: "A \\ and\na line.",
    samples: [{ labels: { name: 'a\\b"c\nd{}=,é' }, value: 1 }],
  }]);
  assert(text.endsWith(
    [
      "# HELP odd A \\\\ and\\na line.",
      "# TYPE odd gauge",
      'odd{name="a\\\\b\\"c\\nd{}=,é"} 1',
      "",
    ].join("\n"),
  ));
});

Deno.test("buckets contain the values of the smaller ones, and end with +Inf", () => {
  const metrics = new Metrics();
  const { durations } = metrics.operations.add("add");
  for (const seconds of [0.0004, 0.003, 0.003, 100]) durations.record(seconds);
  const values = parseMetrics(formatMetrics(metrics.snapshot()));
  const name = "hoist_operation_duration_seconds";
  const buckets = [...values].filter(([key]) =>
    key.startsWith(`${name}_bucket{name="add"`)
  );
  assert.deepEqual(buckets.map(([, value]) => value), [
    ...[1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4],
  ]);
  assert(buckets.at(-1)?.[0].endsWith('le="+Inf"}'));
  assert.equal(values.get(`${name}_count{name="add"}`), 4);
  assert.equal(values.get(`${name}_sum{name="add"}`), 100.0064);
});

Deno.test("each metric has one HELP, one TYPE, and a name that fits its type", () => {
  const text = formatMetrics(new Metrics().snapshot());
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  assert.equal(new Set(types.map(([, name]) => name)).size, types.length);
  for (const [, name = "", type] of types) {
    assert.match(text, new RegExp(`^# HELP ${name} .+$`, "m"));
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.equal(name.endsWith("_seconds"), type === "histogram", name);
  }
});

Deno.test("a metric without values is omitted", () => {
  const text = formatMetrics(new Metrics().snapshot());
  assert(!text.includes("hoist_nodes"));
});
