/**
 * Shows how much code a journey through this package touches, from the client to the
 * server and back: `deno run -A tools/journeys.ts --help`.
 *
 * @module
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { CalledFunction } from "./journeys/inspector.ts";
import { type JourneyName, JOURNEYS } from "./journeys/programs.ts";
import type { RecordedObject } from "./journeys/recorder.ts";

const HELP =
  `Shows how much code each journey touches, as the difference between
10 repetitions and none, and the objects that handle one message on the server.

deno run -A tools/journeys.ts [options]

  --root=<folder>  the checkout to measure (default: this one)
  --help           print this help
`;

/** How often a journey is repeated. */
const REPETITIONS = 10;

/** How much code one repetition of a journey touches. */
export interface Reach {
  readonly files: number;
  readonly functions: number;
  readonly calls: number;
}

/**
 * Returns how much code one repetition touches. Functions that run in fewer than half of
 * the repetitions do not count: they belong to a timer or to the start of a module.
 *
 * @param before The functions of a run without repetitions
 * @param after The functions of a run with repetitions
 */
export function reachOf(
  before: readonly CalledFunction[],
  after: readonly CalledFunction[],
  repetitions: number,
): Reach {
  const counts = new Map(before.map((each) => [keyOf(each), each.calls]));
  const touched = after
    .map((each) => ({
      url: each.url,
      calls: each.calls - (counts.get(keyOf(each)) ?? 0),
    }))
    .filter(({ calls }) => calls >= repetitions / 2);
  const total = touched.reduce((sum, { calls }) => sum + calls, 0);
  return {
    files: new Set(touched.map(({ url }) => url)).size,
    functions: touched.length,
    calls: Math.round(total / repetitions),
  };
}

/** Formats rows as a table in Markdown. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const rule = head.map(() => "---");
  return [head, rule, ...body].map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

/** Returns the folder in the arguments, this checkout without one. */
export function rootOf(args: readonly string[]): string {
  const [first, ...others] = args;
  if (first === undefined) return resolve(import.meta.dirname ?? "", "..");
  const [, folder] = /^--root=(.+)$/.exec(first) ?? [];
  if (folder !== undefined && others.length === 0) return resolve(folder);
  throw new TypeError(
    `Cannot measure: unknown argument '${first}'. Run with --help for the options.`,
  );
}

function keyOf({ url, start, end, name }: CalledFunction): string {
  return [url, start, end, name].join(" ");
}

/** Runs a script of this folder with the imports of the checkout. */
async function runScript<Result>(
  root: string,
  script: string,
  ...args: readonly string[]
): Promise<Result> {
  const options = ["--allow-all", "--no-check", "--no-lock"];
  const path = new URL(`./journeys/${script}`, import.meta.url).pathname;
  const base = `${pathToFileURL(root).href}/`;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...options,
      `--config=${root}/deno.json`,
      path,
      base,
      ...args,
    ],
    cwd: root,
  }).output();
  const decoder = new TextDecoder();
  if (success) return JSON.parse(decoder.decode(stdout));
  throw new Error(`Cannot measure ${root}: ${decoder.decode(stderr).trim()}`);
}

// Both runs have one more repetition, which loads all lazy modules.
async function measure(root: string, name: JourneyName): Promise<Reach> {
  const run = (count: number) =>
    runScript<CalledFunction[]>(root, "measure.ts", name, String(count));
  const before = await run(1);
  const after = await run(1 + REPETITIONS);
  return reachOf(before, after, REPETITIONS);
}

async function printJourneys(root: string): Promise<void> {
  const rows = [["journey", "files", "functions", "calls"]];
  for (const name of Object.keys(JOURNEYS) as JourneyName[]) {
    const { files, functions, calls } = await measure(root, name);
    rows.push([name, ...[files, functions, calls].map(String)]);
  }
  console.log(formatTable(rows));
}

async function printObjects(root: string): Promise<void> {
  const objects = await runScript<RecordedObject[]>(root, "objects.ts");
  const base = `${pathToFileURL(root).href}/`;
  const rows = objects.map(({ className, url, isNew, methods }) => [
    className,
    url.replace(base, ""),
    isNew ? "message" : "connection or server",
    methods.join(", "),
  ]);
  console.log(
    `\nThe ${objects.length} objects on the server whose methods run for one message:\n`,
  );
  console.log(
    formatTable([["class", "file", "lives as long as", "methods"], ...rows]),
  );
}

/** Runs the command line, and returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  try {
    const root = rootOf(args);
    await printJourneys(root);
    await printObjects(root);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
