/**
 * Breaks several servers and their engine while clients use a room:
 * `deno task chaos --help`.
 *
 * @module
 */

import { endOnSignals, killAll } from "../lib/process.ts";
import { runTool } from "../lib/arguments.ts";
import { type Options, optionsOf, SYNTAX } from "./arguments.ts";
import type { EngineName } from "./commands.ts";
import { type Outcome, Run } from "./run.ts";
import { formatTables } from "./table.ts";
import { judge } from "./verdict.ts";

/** Runs the chaos test, and returns the exit code. */
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
  const outcomes = await runAll(options);
  console.log(`\n${formatTables(outcomes)}`);
  const problems = outcomes.flatMap(judge);
  for (const problem of problems) console.error(`FAILED: ${problem}`);
  const verdict = problems.length === 0 ? "ok" : "FAILED";
  console.log(`${verdict}, seed ${options.seed}`);
  return problems.length === 0 ? 0 : 1;
}

/** Runs the scenarios with each engine, at the same time if there is little time. */
async function runAll(options: Options): Promise<readonly Outcome[]> {
  const start = performance.now();
  const run = (name: EngineName) => {
    const print = (line: string) => {
      const seconds = (performance.now() - start) / 1_000;
      console.log(`${seconds.toFixed(0).padStart(4)} s ${name}: ${line}`);
    };
    return new Run(name, options, print).run(options.scenarios);
  };
  if (options.isQuick) {
    return (await Promise.all(options.engines.map(run))).flat();
  }
  const outcomes: Outcome[] = [];
  for (const name of options.engines) outcomes.push(...await run(name));
  return outcomes;
}

if (import.meta.main) {
  const code = await runTool(
    "deno task chaos",
    SYNTAX,
    Deno.args,
    (flags) => main(optionsOf(flags)),
  );
  Deno.exit(code);
}
