/**
 * Runs the fuzzer: `deno task fuzz --minutes=10 --seed=1234567`.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { runModel } from "../rooms/run.ts";
import { randomSeed } from "./random.ts";
import { fuzz } from "./run.ts";
import { SETTINGS } from "./settings.ts";

/** The number of frames in a run. It is limited so that a failing seed can be repeated. */
const FRAMES = 100_000;

/** The number of runs of rooms beside these frames. */
const ROOM_RUNS = 1_000;

const show = (counts: ReadonlyMap<string, number>) =>
  [...counts].sort().map(([what, count]) => `${count} ${what}`).join(", ");

const args = parseArgs(Deno.args, { string: ["minutes", "seed"] });
const minutes = Number(args.minutes ?? 1);
const first = Number(args.seed ?? randomSeed());
const end = performance.now() + minutes * 60_000;
let seed = first;
let frames = 0;
do {
  console.log(`seed ${seed}`);
  for (const setting of SETTINGS) {
    const start = performance.now();
    const plan = { seed, frames: FRAMES * setting.share };
    const report = await fuzz(setting, plan);
    frames += report.frames;
    const seconds = ((performance.now() - start) / 1_000).toFixed(1);
    console.log(
      `  ${setting.name}: ${report.frames} frames on ${report.connections} connections, ${report.rounds} rounds of the control client in ${seconds} s`,
    );
    console.log(`    ${show(report.counts)}`);
  }
  for (let n = 0; n < ROOM_RUNS; n++) await runModel(seed * ROOM_RUNS + n);
  console.log(`  rooms: ${ROOM_RUNS} runs`);
  seed++;
} while (performance.now() < end);
console.log(`${frames} frames, no violation found`);
