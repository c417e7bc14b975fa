import assert from "node:assert/strict";
import {
  History,
  quantile,
  type Stats,
  timesOf,
} from "../../dashboard/history.ts";

/** Returns the numbers of a server. */
function statsOf(
  time: number,
  { node = "a", ok = 0, failed = 0, buckets = [0, 0, 0] }: {
    readonly node?: string;
    readonly ok?: number;
    readonly failed?: number;
    readonly buckets?: readonly number[];
  } = {},
): Stats {
  const counters = {
    hoist_messages_total: [
      { labels: { name: "a", result: "ok" }, value: ok },
      { labels: { name: "a", result: "failed" }, value: failed },
    ],
  };
  const histograms = { duration: [{ buckets }] };
  const metrics = { counters, histograms, bounds: [0.001, 0.01] };
  return { time, node, clients: 3, buffered: 7, metrics } as never;
}

Deno.test("History shows the differences per second", () => {
  const history = new History();
  history.add(statsOf(1_000, { ok: 100, buckets: [5, 5, 5] }));
  assert.equal(history.samples.value.length, 0);
  history.add(statsOf(3_000, { ok: 300, failed: 4, buckets: [15, 5, 5] }));
  const [sample] = history.samples.value;
  assert.equal(sample?.time, 3);
  assert.equal(sample?.clients, 3);
  assert.equal(sample?.requests, 102);
  assert.equal(sample?.failed, 2);
  assert.equal(sample?.errors, 0);
  assert.equal(sample?.median, 0.5);
});

Deno.test("History leaves a gap, and does not compare two servers", () => {
  const history = new History();
  history.add(statsOf(1_000));
  history.add(statsOf(2_000, { ok: 10 }));
  history.interrupt();
  history.add(statsOf(10_000, { node: "b" }));
  history.add(statsOf(11_000, { node: "c", ok: 5 }));
  history.add(statsOf(12_000, { node: "c", ok: 6 }));
  const requests = history.samples.value.map(({ requests }) => requests);
  assert.deepEqual(requests, [10, null, 1]);
});

Deno.test("History keeps ten minutes", () => {
  const history = new History();
  for (let n = 0; n <= 700; n++) history.add(statsOf(n * 1_000));
  assert.equal(history.samples.value.length, 600);
  assert.equal(history.samples.value.at(-1)?.time, 700);
});

Deno.test("History shows a server without metrics", () => {
  const history = new History();
  const { metrics: _, ...stats } = statsOf(0);
  history.add(stats);
  history.add({ ...stats, time: 1_000 });
  assert.equal(history.samples.value[0]?.median, null);
  assert.equal(history.samples.value[0]?.clients, 3);
});

for (
  const [buckets, part, expected] of [
    [[0, 0, 0], 0.5, null],
    [[4, 0, 0], 0.5, 0.5],
    [[0, 4, 0], 0.5, 5.5],
    [[1, 1, 0], 1, 10],
    // Above the last bound, the bound is all that is known.
    [[0, 0, 9], 0.99, 10],
  ] as const
) {
  Deno.test(`quantile(${JSON.stringify(buckets)}, ${part}) is ${expected} ms`, () => {
    const value = quantile(buckets, [0.001, 0.01], part);
    const rounded = value === null ? null : Number(value.toFixed(9));
    assert.equal(rounded, expected);
  });
}

Deno.test("a chart shows the last two minutes at least, whatever samples it has", () => {
  assert.deepEqual(timesOf([1_000, 1_500]), [1_000, 1_500]);
  assert.deepEqual(timesOf([1_000, 1_001]), [881, 1_001]);
  assert.deepEqual(timesOf([1_000]), [880, 1_000]);
  const [first, last] = timesOf([]);
  assert(Math.abs(last - Date.now() / 1_000) < 60);
  assert.equal(Math.round(last - first), 120);
});
