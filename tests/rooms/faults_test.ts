/** The model of rooms notices the faults that it exists for. */

import { Violation } from "../fuzz/violation.ts";
import { FAULTS } from "./faults.ts";
import { runModel } from "./run.ts";

/** How many runs a fault can survive. */
const MAX_RUNS = 500;

for (const [missing, damage] of Object.entries(FAULTS)) {
  Deno.test(`the model notices a server without ${missing}`, async () => {
    for (let seed = 0; seed < MAX_RUNS; seed++) {
      try {
        await runModel(seed, damage);
      } catch (error) {
        if (error instanceof Violation) return;
        throw error;
      }
    }
    throw new Error(`The fault has survived ${MAX_RUNS} runs.`);
  });
}
