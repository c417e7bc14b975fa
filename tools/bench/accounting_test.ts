/** What is read from /proc. */

import assert from "node:assert/strict";
import {
  cpuBetween,
  parseEnded,
  parseMemory,
  parseSchedstat,
  parseStat,
} from "./accounting.ts";

Deno.test("the CPU time of a thread is the first number of schedstat", () => {
  assert.equal(parseSchedstat("25202312 4174822 86\n"), 25_202_312);
});

Deno.test("the ticks of stat are found behind any name of a program", () => {
  const name = "a) S 1 (b";
  const fields = Array.from({ length: 13 }, (_, index) => index + 4).join(" ");
  // Fields 14 and 15, as `man proc` counts.
  const text = `7 (${name}) S ${fields} 17`;
  assert.equal(parseStat(text), (14 + 15) * 10_000_000);
  assert.equal(parseEnded(text), (16 + 17) * 10_000_000);
});

Deno.test("memory is Rss, or VmRSS where there is no smaps_rollup", () => {
  const rollup =
    "555-7ff ---p 0 00:00 0  [rollup]\nRss:    4044 kB\nPss: 1 kB\n";
  assert.equal(parseMemory(rollup), 4_044 * 1_024);
  assert.equal(parseMemory("VmHWM:  9 kB\nVmRSS:\t  12 kB\n"), 12 * 1_024);
  assert.equal(parseMemory(""), 0);
});

Deno.test("threads that begin count in full, those that end not at all", () => {
  const before = new Map([["1/1", 100], ["1/2", 50]]);
  const after = new Map([["1/1", 130], ["1/3", 7]]);
  assert.equal(cpuBetween(before, after), 30 + 7);
});
