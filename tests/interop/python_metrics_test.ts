/** The metrics of a server, read by the client of Prometheus for Python. */

import assert from "node:assert/strict";
import { memory } from "../../broker/memory.ts";
import { connect } from "../../client.ts";
import { ADMIN_TOKEN, PLAIN_TOKEN } from "../support/admin.ts";
import { serveMetrics } from "../support/metrics.ts";
import { readMetricsWithPython, testWithPython } from "./drivers.ts";

/** Names that are hard to escape. */
const NAMES = [
  'quote"',
  "back\\slash",
  "back\\nslash",
  "new\nline",
  "carriage\rreturn",
  "separator\u2028",
  '"} 1',
  '{a="b"}',
  "größe 😀",
  " ",
];

testWithPython("prometheus_client reads all metrics of a server", async () => {
  await using server = serveMetrics({ broker: memory() });
  for (const name of NAMES) server.operation(name, () => 1);
  server.operation("three", async function* () {
    yield* [1, 2, 3];
  });
  await using connection = await connect(PLAIN_TOKEN, { url: server.url });
  for (const name of NAMES) await connection.operation(name);
  await connection.operation(NAMES[0]!);
  for await (const _ of connection.stream("three"));
  const metrics = await readMetricsWithPython(server, ADMIN_TOKEN);
  const byName = new Map(metrics.map((metric) => [metric.name, metric]));
  assert.equal(byName.size, metrics.length);
  for (const { name, type, help } of metrics) {
    assert(["counter", "gauge", "histogram"].includes(type), name);
    assert.notEqual(help, "");
  }
  const results = byName.get("hoist_operations")!.samples
    .filter(([, { result, name }]) => result === "ok" && name !== "_other");
  assert.deepEqual(
    results.map(([, { name }, value]) => [name, value]),
    NAMES.map((name, index) => [name, index === 0 ? 2 : 1]),
  );
  const { samples } = byName.get("hoist_operation_duration_seconds")!;
  for (const name of NAMES) {
    const own = samples.filter(([, labels]) => labels["name"] === name);
    const buckets = own.filter(([sample]) => sample.endsWith("_bucket"));
    const values = buckets.map(([, , value]) => value);
    assert.deepEqual(values, values.toSorted((a, b) => a - b));
    const [, { le }, count] = buckets.at(-1)!;
    assert.deepEqual([le, count], ["+Inf", name === NAMES[0] ? 2 : 1]);
  }
  const clients = byName.get("hoist_clients")!.samples;
  assert.deepEqual(clients, [["hoist_clients", {}, 1]]);
});
