/**
 * How far this library is from what the platform can do and from what one would use
 * instead, on this machine: `deno task bench --help`.
 *
 * @module
 */

import { HELP, type Options, parse } from "./arguments.ts";
import { listContenders } from "./contenders.ts";
import { describeMachine, type Machine, maxOpenFiles } from "./machine.ts";
import { findTools, type Tools } from "./packages.ts";
import { drawPlot } from "./plot.ts";
import { endOnSignals, killAll } from "../lib/process.ts";
import { type Outcome, run } from "./runner.ts";
import { Context, FULL, QUICK, type Scale } from "./sections/context.ts";
import { type Line, summarise } from "./summary.ts";
import { formatTable } from "./table.ts";

const RESULTS = decodeURIComponent(
  new URL("./results.json", import.meta.url).pathname,
);

/** How many files a process opens besides its connections, at most. */
const OTHER_FILES = 100;

/** Measures what the arguments ask for; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = parse(args);
  if (request.kind === "help") {
    console.log(HELP);
    return 0;
  }
  if (request.kind === "usage") {
    console.error(
      `Cannot measure: ${request.problem}; --help says what there is`,
    );
    return 2;
  }
  if (Deno.build.os !== "linux") {
    console.error(
      `Cannot measure on ${Deno.build.os}: CPU time and memory come from /proc, which only Linux has`,
    );
    return 1;
  }
  endOnSignals();
  try {
    return await measure(request.options);
  } finally {
    killAll();
  }
}

async function measure(options: Options): Promise<number> {
  const start = performance.now();
  const tools = await findTools(!options.quick);
  for (const note of tools.notes) say(note);
  if (options.quick) say("Quick: rough figures, and without Python Hoist");
  const machine = await describeMachine(tools);
  const outcome = await runAll(options, tools);
  const lines = summarise(outcome.results);
  const seconds = Math.round((performance.now() - start) / 1_000);
  console.log(formatTable(lines));
  for (const failure of outcome.failures) say(failure);
  await writeResults({ machine, seconds, options, outcome, lines });
  if (options.plot !== undefined) {
    await Deno.writeTextFile(options.plot, drawPlot(lines, machine));
    say(`The plot is in ${options.plot}`);
  }
  say(
    `${seconds} s; every figure of every round is in tools/bench/results.json`,
  );
  return outcome.failures.length === 0 ? 0 : 1;
}

async function runAll(options: Options, tools: Tools): Promise<Outcome> {
  const contenders = listContenders(tools);
  const scale = await chooseScale(options);
  await using context = new Context(scale, contenders, tools.bun);
  return await run(context, options.only, say);
}

async function chooseScale({ quick, rounds }: Options): Promise<Scale> {
  const scale = quick ? QUICK : FULL;
  const max = await maxOpenFiles() - OTHER_FILES;
  const fits = (size: number) => size <= max;
  const refused = scale.memorySizes.filter((size) => !fits(size));
  if (refused.length > 0) {
    say(
      `Skipped for idle memory, as only ${max} connections fit into ulimit -Hn: ${refused}`,
    );
  }
  return {
    ...scale,
    ...(rounds === undefined ? {} : roundsOf(rounds)),
    memorySizes: scale.memorySizes.filter(fits),
    broadcastSizes: scale.broadcastSizes.filter(fits),
    fairnessSize: Math.min(scale.fairnessSize, max),
  };
}

/** The same number of rounds for everything. */
function roundsOf(rounds: number): Partial<Scale> {
  return {
    rounds,
    memoryRounds: rounds,
    startUpRounds: rounds,
    typesRounds: rounds,
    streamRounds: rounds,
  };
}

/** All that `results.json` holds. */
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
  const text = JSON.stringify(content, null, 2);
  await Deno.writeTextFile(RESULTS, `${text}\n`);
}

function say(line: string): void {
  console.error(line);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
