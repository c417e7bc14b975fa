/**
 * Random runs of rooms, in which no client may lose a message without a gap. To repeat the
 * runs, set `ROOMS_SEED=1234567`.
 */

import { randomSeed } from "../fuzz/random.ts";
import { runModel } from "./run.ts";

const RUNS = 1_000;

Deno.test("each client gets every message once and in order, or a gap", async () => {
  const first = Number(Deno.env.get("ROOMS_SEED") ?? randomSeed());
  console.log(`seed ${first}`);
  for (let n = 0; n < RUNS; n++) await runModel(first + n);
});
