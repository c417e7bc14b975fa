/**
 * Random runs of rooms, in which no client may lose a message without a gap. To repeat the
 * runs, set `ROOMS_SEED=1234567`.
 */

import { randomSeed } from "../../tools/lib/arguments.ts";
import { runModel } from "./run.ts";

/** Runs the model with a number of servers. */
async function runAll(servers: number, runs: number): Promise<void> {
  const first = Number(Deno.env.get("ROOMS_SEED") ?? randomSeed());
  console.log(`seed ${first}`);
  for (let n = 0; n < runs; n++) await runModel(first + n, servers);
}

Deno.test("each client gets every message once and in order, or a gap", async () => {
  await runAll(1, 1_000);
});

Deno.test("the same is true for clients that move between two servers", async () => {
  await runAll(2, 500);
});
