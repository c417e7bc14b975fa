/** Reading CPU time and memory from /proc. */

import assert from "node:assert/strict";
import {
  cpuBetween,
  parseEnded,
  parseMemory,
  parseSchedstat,
  parseStat,
} from "./accounting.ts";

Deno.test("reads the CPU time of a thread from schedstat", () => {
  assert.equal(parseSchedstat("25202312 4174822 86\n"), 25_202_312);
});

Deno.test("reads the CPU time from stat whatever the name of the program", () => {
  const name = "a) S 1 (b";
  const fields = Array.from({ length: 13 }, (_, index) => index + 4).join(" ");
  // Fields 14 and 15 in `man proc`.
  const text = `7 (${name}) S ${fields} 17`;
  assert.equal(parseStat(text), (14 + 15) * 10_000_000);
  assert.equal(parseEnded(text), (16 + 17) * 10_000_000);
});

Deno.test("reads the memory from smaps_rollup or from status", () => {
  const rollup =
    "555-7ff ---p 0 00:00 0  [rollup]\nRss:    4044 kB\nPss: 1 kB\n";
  assert.equal(parseMemory(rollup), 4_044 * 1_024);
  assert.equal(parseMemory("VmHWM:  9 kB\nVmRSS:\t  12 kB\n"), 12 * 1_024);
  assert.equal(parseMemory(""), 0);
});

Deno.test("counts new threads, but no thread that has ended", () => {
  const before = new Map([["1/1", 100], ["1/2", 50]]);
  const after = new Map([["1/1", 130], ["1/3", 7]]);
  assert.equal(cpuBetween(before, after), 30 + 7);
});
