/**
 * Runs the fuzzer: `deno task fuzz --minutes=10 --seed=1234567`.
 *
 * @module
 */

import { custom, wholeNumber } from "../../cli/flags.ts";
import { type FlagValues, type Syntax, UsageError } from "../../cli/parse.ts";
import { MAX_SEED, randomSeed, runTool } from "../../tools/lib/arguments.ts";
import { runModel } from "../rooms/run.ts";
import { fuzz } from "./run.ts";
import { SETTINGS } from "./settings.ts";

/** The number of frames in a run. It is limited so that a failing seed can be repeated. */
const FRAMES = 100_000;

/** The number of runs of rooms beside these frames. */
const ROOM_RUNS = 1_000;

const show = (counts: ReadonlyMap<string, number>) =>
  [...counts].sort().map(([what, count]) => `${count} ${what}`).join(", ");

const FLAGS = {
  minutes: custom(
    { help: "How long to fuzz", placeholder: "number", shownDefault: "1" },
    (given) => {
      if (/^\d{1,6}(\.\d+)?$/.test(given)) return Number(given);
      throw new UsageError("Option --minutes must be a number.");
    },
    1,
  ),
  seed: wholeNumber({
    help: "The seed of the first run; the next runs have the next seeds",
    placeholder: "number",
    ...{ max: MAX_SEED, shownDefault: "random" },
  }),
};

const SYNTAX: Syntax<typeof FLAGS> = {
  name: "",
  summary:
    "Sends random frames to servers and compares the answers with a model of the protocol",
  flags: FLAGS,
};

/** Runs one seed after the other until the time is over; returns the exit code. */
async function main(
  { minutes = 1, seed: first = randomSeed() }: FlagValues<typeof FLAGS>,
): Promise<number> {
  const end = performance.now() + minutes * 60_000;
  let frames = 0;
  let seed = first;
  do frames += await runSeed(seed++); while (performance.now() < end);
  console.log(`${frames} frames, no violation found`);
  return 0;
}

/** Runs one seed; returns the number of its frames. */
async function runSeed(seed: number): Promise<number> {
  console.log(`seed ${seed}`);
  let frames = 0;
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
  for (let n = 0; n < ROOM_RUNS; n++) {
    await runModel(seed * ROOM_RUNS + n, 1 + n % 2);
  }
  console.log(`  rooms: ${ROOM_RUNS} runs`);
  return frames;
}

const code = await runTool("deno task fuzz", SYNTAX, Deno.args, main);
Deno.exit(code);
