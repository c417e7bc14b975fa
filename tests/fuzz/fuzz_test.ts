/**
 * Fuzzes servers and checks their frames with tests/fuzz/oracle.ts. To repeat a run, set
 * `FUZZ_SEED=1234567`.
 */

import assert from "node:assert/strict";
import { randomSeed } from "../../tools/lib/arguments.ts";
import { fuzz } from "./run.ts";
import { SETTINGS } from "./settings.ts";

const FRAMES = 100_000;

const seed = Number(Deno.env.get("FUZZ_SEED") ?? randomSeed());

for (const setting of SETTINGS) {
  Deno.test(`the ${setting.name} server answers random frames as the protocol demands`, async () => {
    console.log(`seed ${seed}`);
    const frames = FRAMES * setting.share;
    const report = await fuzz(setting, { seed, frames });
    assert(report.frames >= frames);
    assert(report.rounds > 0);
  });
}
