/**
 * Compares this library with a bare Deno server, with other libraries, and with itself
 * in another checkout: `deno task bench --help`.
 *
 * @module
 */

import { resolve } from "node:path";
import { runTool } from "../lib/arguments.ts";
import { type Options, optionsOf, SYNTAX } from "./arguments.ts";
import { listContenders, listVersus } from "./contenders.ts";
import { describeMachine, type Machine, maxOpenFiles } from "./machine.ts";
import { findTools } from "./packages.ts";
import { drawPlot } from "./plot.ts";
import { endOnSignals, killAll } from "../lib/process.ts";
import { type Outcome, run } from "./runner.ts";
import {
  Context,
  FULL,
  QUICK,
  type Scale,
  withRounds,
} from "./sections/context.ts";
import { type Line, summarize } from "./summary.ts";
import { formatTable } from "./table.ts";
import { compare, formatComparisons, isWorse } from "./versus.ts";

const RESULTS = decodeURIComponent(
  new URL("./results.json", import.meta.url).pathname,
);

/** The number of files that a process opens besides its connections. */
const OTHER_FILES = 100;

/** Runs the bench, and returns the exit code. */
async function main(options: Options): Promise<number> {
  if (Deno.build.os !== "linux") {
    console.error(
      `Cannot measure on ${Deno.build.os}: the bench reads CPU time and memory from /proc. Run it on Linux.`,
    );
    return 1;
  }
  endOnSignals();
  try {
    return options.versus === undefined
      ? await measure(options)
      : await measureVersus(options, options.versus);
  } finally {
    killAll();
  }
}

async function measure(options: Options): Promise<number> {
  const start = performance.now();
  const tools = await findTools(!options.quick);
  for (const note of tools.notes) print(note);
  if (options.quick) print("Quick: rough figures, without Python Hoist");
  const machine = await describeMachine(tools);
  const scale = await chooseScale(options);
  const contenders = listContenders(tools);
  await using context = new Context(scale, contenders, tools.bun);
  const outcome = await run(context, options.only, print);
  const lines = summarize(outcome.results);
  const seconds = Math.round((performance.now() - start) / 1_000);
  console.log(formatTable(lines));
  for (const failure of outcome.failures) print(failure);
  await writeResults({ machine, seconds, options, outcome, lines });
  if (options.plot !== undefined) {
    await Deno.writeTextFile(options.plot, drawPlot(lines, machine));
    print(`The plot is in ${options.plot}`);
  }
  print(
    `${seconds} s. All figures of all rounds are in tools/bench/results.json`,
  );
  return outcome.failures.length === 0 ? 0 : 1;
}

/** Compares this checkout with another one, and returns the exit code. */
async function measureVersus(options: Options, root: string): Promise<number> {
  const { bun } = await findTools(false);
  const scale = await chooseScale(options);
  const contenders = listVersus(resolve(root));
  const settings = { ...scale, allPeers: false };
  await using context = new Context(settings, contenders, bun, true);
  const { results, failures } = await run(context, options.only, print);
  const comparisons = compare(results);
  console.log(formatComparisons(comparisons));
  for (const failure of failures) print(failure);
  return failures.length > 0 || comparisons.some(isWorse) ? 1 : 0;
}

async function chooseScale({ quick, rounds }: Options): Promise<Scale> {
  const usual = quick ? QUICK : FULL;
  const scale = rounds === undefined ? usual : withRounds(usual, rounds);
  const max = await maxOpenFiles() - OTHER_FILES;
  const fits = (size: number) => size <= max;
  const refused = scale.memorySizes.filter((size) => !fits(size));
  if (refused.length > 0) {
    print(
      `Skips idle memory of ${refused} connections: ulimit -Hn allows ${max}.`,
    );
  }
  return {
    ...scale,
    memorySizes: scale.memorySizes.filter(fits),
    broadcastSizes: scale.broadcastSizes.filter(fits),
    fairnessSize: Math.min(scale.fairnessSize, max),
    roomClients: Math.min(scale.roomClients, max),
  };
}

/** The content of `results.json`. */
interface Report {
  readonly machine: Machine;
  readonly seconds: number;
  readonly options: Options;
  readonly outcome: Outcome;
  readonly lines: readonly Line[];
}

async function writeResults(report: Report): Promise<void> {
  const { machine, seconds, options, outcome, lines } = report;
  const date = new Date().toISOString();
  const rounds = outcome.results.map(({ row, ...result }) => ({
    section: row.section,
    workload: row.label,
    ...result,
  }));
  const { failures } = outcome;
  const content = { date, machine, seconds, options, failures, lines, rounds };
  const json = JSON.stringify(content, null, 2);
  await Deno.writeTextFile(RESULTS, `${json}\n`);
}

function print(line: string): void {
  console.error(line);
}

if (import.meta.main) {
  const code = await runTool(
    "deno task bench",
    SYNTAX,
    Deno.args,
    (flags) => main(optionsOf(flags)),
  );
  Deno.exit(code);
}
