/** The model of rooms notices the faults that it exists for. */

import { Violation } from "../fuzz/violation.ts";
import { FAULTS, SHARED_FAULTS } from "./faults.ts";
import type { Damage } from "./model_server.ts";
import { runModel } from "./run.ts";

/** How many runs a fault can survive. */
const MAX_RUNS = 500;

/** Runs the model until it notices a fault. */
async function assertNoticed(servers: number, damage: Damage): Promise<void> {
  for (let seed = 0; seed < MAX_RUNS; seed++) {
    try {
      await runModel(seed, servers, damage);
    } catch (error) {
      if (error instanceof Violation) return;
      throw error;
    }
  }
  throw new Error(`The fault has survived ${MAX_RUNS} runs.`);
}

for (const [missing, damage] of Object.entries(FAULTS)) {
  Deno.test(`the model notices a server without ${missing}`, async () => {
    await assertNoticed(1, damage);
  });
}

for (const [missing, damage] of Object.entries(SHARED_FAULTS)) {
  Deno.test(`the model notices two servers without ${missing}`, async () => {
    await assertNoticed(2, damage);
  });
}
