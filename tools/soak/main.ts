/**
 * The soak test: `deno task soak --help`.
 *
 * @module
 */

import { endOnSignals, killAll } from "../lib/process.ts";
import { randomSeed, runTool } from "../lib/arguments.ts";
import { type Options, SYNTAX } from "./arguments.ts";
import { run, type Snapshot } from "./run.ts";
import { formatProgress, formatTable } from "./table.ts";
import { judge } from "./verdict.ts";

/** The time between two lines of progress without a terminal, in milliseconds. */
const LINE_INTERVAL = 5_000;

/** Runs the soak test, and returns the exit code. */
async function main(options: Options): Promise<number> {
  endOnSignals();
  try {
    return await report(options);
  } finally {
    killAll();
  }
}

async function report(options: Options): Promise<number> {
  console.log(`seed ${options.seed}`);
  const problems = await attempt(options);
  for (const problem of problems) console.error(`FAILED: ${problem}`);
  const verdict = problems.length === 0 ? "ok" : "FAILED";
  console.log(`${verdict}, seed ${options.seed}`);
  return problems.length === 0 ? 0 : 1;
}

/** Returns the problems of a run. An error of the run is a problem as well. */
async function attempt(options: Options): Promise<readonly string[]> {
  try {
    const outcome = await run(options, showProgress());
    console.log(`\n${formatTable(outcome)}`);
    return judge(outcome);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Shows the progress: one changing line in a terminal, otherwise a line now and then. */
function showProgress(): (snapshot: Snapshot) => void {
  const start = performance.now();
  const isTerminal = Deno.stdout.isTerminal();
  let next = 0;
  return (snapshot) => {
    const time = performance.now() - start;
    if (!isTerminal && time < next) return;
    next = time + LINE_INTERVAL;
    const line = formatProgress(snapshot, time / 1_000);
    const output = isTerminal ? `\r\x1b[K${line}` : `${line}\n`;
    Deno.stdout.writeSync(new TextEncoder().encode(output));
  };
}

if (import.meta.main) {
  const code = await runTool(
    "deno task soak",
    SYNTAX,
    Deno.args,
    (flags) => main({ seed: randomSeed(), ...flags }),
  );
  Deno.exit(code);
}
