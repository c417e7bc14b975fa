/**
 * What the arguments of the bench ask for.
 *
 * @module
 */

import { parseArgs } from "@std/cli";

/** The sections, in the order in which they are measured. */
export const SECTION_NAMES = [
  "round-trips",
  "broadcast",
  "memory",
  "connections",
  "fairness",
  "start-up",
  "types",
  "streams",
] as const;

/** The name of a section. */
export type SectionName = typeof SECTION_NAMES[number];

/** What to measure. */
export interface Options {
  /** Less of everything, in about 90 seconds */
  readonly quick: boolean;
  /** Where to draw the plot; `undefined` for none */
  readonly plot: string | undefined;
  readonly only: readonly SectionName[];
  /** Rounds of this library and of bare Deno; `undefined` for as many as is usual */
  readonly rounds: number | undefined;
}

/** What the arguments ask for. */
export type Request =
  | { readonly kind: "help" }
  | { readonly kind: "usage"; readonly problem: string }
  | { readonly kind: "measure"; readonly options: Options };

/** What `--help` says. */
export const HELP =
  `Measures how far this library is from what the platform can do and from what
one would use instead, on this machine. Takes about 10 minutes.

deno task bench [options]

  --quick            less of everything, in about 90 seconds
  --plot[=<file>]    draw the result as an SVG, tools/bench/results.svg if left out
  --only=<names>     only these sections, separated by commas:
                     ${SECTION_NAMES.slice(0, 4).join(", ")},
                     ${SECTION_NAMES.slice(4).join(", ")}
  --rounds=<number>  rounds of this library and of bare Deno
  --help             this text
`;

/** Where the plot goes, if nothing else is said. */
const DEFAULT_PLOT = "tools/bench/results.svg";

/** What the arguments ask for. */
export function parse(args: readonly string[]): Request {
  const unknown: string[] = [];
  const { _, ...parsed } = parseArgs([...args], {
    boolean: ["quick", "help"],
    string: ["plot", "only", "rounds"],
    unknown: (argument) => void unknown.push(argument),
  });
  const flags = new Map<string, unknown>(Object.entries(parsed));
  if (flags.get("help") === true) return { kind: "help" };
  const [stranger] = unknown;
  const problem = stranger === undefined
    ? findProblem(flags)
    : `there is no ${stranger}`;
  if (problem !== undefined) return { kind: "usage", problem };
  return { kind: "measure", options: optionsOf(flags) };
}

type Flags = ReadonlyMap<string, unknown>;

function optionsOf(flags: Flags): Options {
  const names = namesOf(flags);
  const rounds = flags.get("rounds");
  const plot = flags.get("plot");
  return {
    quick: flags.get("quick") === true,
    plot: plot === undefined ? undefined : String(plot || DEFAULT_PLOT),
    only: SECTION_NAMES.filter((name) => names.includes(name)),
    rounds: rounds === undefined ? undefined : Number(rounds),
  };
}

function findProblem(flags: Flags): string | undefined {
  const names: readonly string[] = SECTION_NAMES;
  const wrong = namesOf(flags).find((name) => !names.includes(name));
  if (wrong !== undefined) {
    return `--only knows no "${wrong}", only ${names.join(", ")}`;
  }
  const rounds = String(flags.get("rounds") ?? 1);
  if (/^[1-9]\d{0,2}$/.test(rounds)) return undefined;
  return `--rounds must be from 1 to 999, not "${rounds}"`;
}

function namesOf(flags: Flags): readonly string[] {
  const only = flags.get("only");
  return only === undefined ? SECTION_NAMES : String(only).split(",");
}
