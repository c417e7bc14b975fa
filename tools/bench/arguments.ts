/**
 * The command line of the bench.
 *
 * @module
 */

import { custom, text, toggle, wholeNumber } from "../../cli/flags.ts";
import { type FlagValues, type Syntax, UsageError } from "../../cli/parse.ts";

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
  "brokers",
  "tracing",
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

const DEFAULT_PLOT = "tools/bench/results.svg";

const FLAGS = {
  quick: toggle({ help: "Measure less, in about 90 seconds" }),
  plot: text({
    help: "Draw the result as SVG",
    placeholder: "file",
    implied: DEFAULT_PLOT,
    shownDefault: `no plot; without a file, ${DEFAULT_PLOT}`,
  }),
  only: custom(
    {
      help: `Measure only these sections, separated by commas: ${
        SECTION_NAMES.join(", ")
      }`,
      placeholder: "names",
    },
    (names) => names.split(","),
  ),
  rounds: wholeNumber({
    help: "The number of rounds of this library and of bare Deno",
    placeholder: "number",
    ...{ min: 1, max: 999 },
  }),
  versus: text({
    help:
      "Compare this checkout with another one instead, in interleaved rounds. Without the sections types, streams, sockets, rooms, brokers and tracing",
    placeholder: "folder",
  }),
};

/** The flags of the bench. */
export type Flags = FlagValues<typeof FLAGS>;

/** The arguments of the bench. */
export const SYNTAX: Syntax<typeof FLAGS> = {
  name: "",
  summary:
    "Compares this library with a bare Deno server and with other libraries, on this machine. Takes about 10 minutes",
  flags: FLAGS,
  refine: (flags) => {
    const known: readonly string[] = knownNames(flags);
    const wrong = flags.only?.find((name) => !known.includes(name));
    if (wrong === undefined) return flags;
    throw new UsageError(
      `Unknown section '${wrong}' in --only. The sections are ${
        known.join(", ")
      }.`,
    );
  },
};

/** Returns the options of the bench. */
export function optionsOf(flags: Flags): Options {
  const { quick, plot, rounds, versus } = flags;
  const names: readonly string[] = flags.only ?? knownNames(flags);
  const only = SECTION_NAMES.filter((name) => names.includes(name));
  return { quick, plot, only, rounds, versus };
}

function knownNames({ versus }: Pick<Flags, "versus">): readonly SectionName[] {
  return versus === undefined ? SECTION_NAMES : SERVER_SECTIONS;
}
