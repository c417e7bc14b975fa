/**
 * The command line of the bench.
 *
 * @module
 */

import { parseArgs } from "@std/cli";

/** The sections, in the order of the measurements. */
export const SECTION_NAMES = [
  "round-trips",
  "broadcast",
  "memory",
  "connections",
  "fairness",
  "start-up",
  "types",
  "streams",
  "sockets",
  "rooms",
] as const;

/** The name of a section. */
export type SectionName = typeof SECTION_NAMES[number];

/** The sections that compare servers, and that `--versus` can measure. */
export const SERVER_SECTIONS: readonly SectionName[] = SECTION_NAMES.slice(
  0,
  6,
);

/** The options of the bench. */
export interface Options {
  /** Whether to measure less, in about 90 seconds */
  readonly quick: boolean;
  /** The file for the plot; `undefined` for no plot */
  readonly plot: string | undefined;
  readonly only: readonly SectionName[];
  /** The number of rounds of this library and bare Deno; `undefined` for the default */
  readonly rounds: number | undefined;
  /** The root of another checkout to compare this one with */
  readonly versus: string | undefined;
}

/** A parsed command line. */
export type Request =
  | { readonly kind: "help" }
  | { readonly kind: "usage"; readonly problem: string }
  | { readonly kind: "measure"; readonly options: Options };

/** The output of `--help`. */
export const HELP =
  `Compares this library with a bare Deno server and with other libraries, on this
machine. Takes about 10 minutes.

deno task bench [options]

  --quick            measure less, in about 90 seconds
  --plot[=<file>]    draw the result as SVG (default: tools/bench/results.svg)
  --only=<names>     measure only these sections, separated by commas:
                     ${SECTION_NAMES.slice(0, 4).join(", ")},
                     ${SECTION_NAMES.slice(4).join(", ")}
  --rounds=<number>  the number of rounds of this library and of bare Deno
  --versus=<folder>  compare this checkout with another one instead: the same
                     sections (without types, streams, sockets and rooms), in
                     interleaved rounds
  --help             print this help
`;

const DEFAULT_PLOT = "tools/bench/results.svg";

/** Parses the arguments. */
export function parse(args: readonly string[]): Request {
  const unknown: string[] = [];
  const { _, ...parsed } = parseArgs([...args], {
    boolean: ["quick", "help"],
    string: ["plot", "only", "rounds", "versus"],
    unknown: (argument) => void unknown.push(argument),
  });
  const flags = new Map<string, unknown>(Object.entries(parsed));
  if (flags.get("help") === true) return { kind: "help" };
  const [stranger] = unknown;
  const problem = stranger === undefined
    ? findProblem(flags)
    : `unknown argument '${stranger}'`;
  if (problem !== undefined) return { kind: "usage", problem };
  return { kind: "measure", options: optionsOf(flags) };
}

type Flags = ReadonlyMap<string, unknown>;

function optionsOf(flags: Flags): Options {
  const names = namesOf(flags);
  const rounds = flags.get("rounds");
  const plot = flags.get("plot");
  const versus = flags.get("versus");
  return {
    quick: flags.get("quick") === true,
    plot: plot === undefined ? undefined : String(plot || DEFAULT_PLOT),
    only: SECTION_NAMES.filter((name) => names.includes(name)),
    rounds: rounds === undefined ? undefined : Number(rounds),
    versus: versus === undefined ? undefined : String(versus),
  };
}

function findProblem(flags: Flags): string | undefined {
  const known: readonly string[] = knownNames(flags);
  const wrong = namesOf(flags).find((name) => !known.includes(name));
  if (wrong !== undefined) {
    return `unknown section '${wrong}' in --only, known are ${
      known.join(", ")
    }`;
  }
  if (flags.get("versus") === "") return "--versus needs a folder";
  const rounds = String(flags.get("rounds") ?? 1);
  if (/^[1-9]\d{0,2}$/.test(rounds)) return undefined;
  return `--rounds must be a number from 1 to 999, not '${rounds}'`;
}

function namesOf(flags: Flags): readonly string[] {
  const only = flags.get("only");
  return only === undefined ? knownNames(flags) : String(only).split(",");
}

function knownNames(flags: Flags): readonly SectionName[] {
  return flags.has("versus") ? SERVER_SECTIONS : SECTION_NAMES;
}
