/**
 * Runs one journey in this process and prints how often each function was called.
 * The arguments are the URL of a checkout, the name of a journey, and a number of
 * repetitions.
 *
 * @module
 */

import { Inspector } from "./inspector.ts";
import { type JourneyName, JOURNEYS } from "./programs.ts";

const [base = "", name = "", count = "0"] = Deno.args;
const inspector = new Inspector();
await inspector.startCoverage();
const library = await import(`${base}mod.ts`);
await JOURNEYS[name as JourneyName](library, Number(count));
console.log(JSON.stringify(await inspector.takeCoverage(base)));
Deno.exit();
