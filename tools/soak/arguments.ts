/**
 * The command line of the soak test.
 *
 * @module
 */

import { parseArgs } from "@std/cli";

/** The options of a run. */
export interface Options {
  /** The duration of the load in seconds, including the warm-up */
  readonly seconds: number;
  /** The seed of all random choices */
  readonly seed: number;
  /** The approximate number of clients at the same time */
  readonly clients: number;
}

/** A parsed command line. */
export type Request =
  | { readonly kind: "help" }
  | { readonly kind: "usage"; readonly problem: string }
  | { readonly kind: "run"; readonly options: Options };

/** The output of `--help`. */
export const HELP =
  `Puts a server under the load of a few hundred clients, which send requests, disappear,
sleep, stop reading, reconnect and start before their server. As many other clients are in 50
rooms while their connections are cut. Checks that no frame and no message of a room is lost,
repeated or mixed up, that each member sees the others, that the server notices the end of
each client, and that it releases all memory. Some clients need up to a minute to finish.

deno task soak [options]

  --seconds=<number>  the duration of the load (default: 20)
  --seed=<number>     repeat the random choices of a run (default: random)
  --clients=<number>  the number of clients at the same time, and of members of rooms
                      (default: 300)
  --help              print this help
`;

/** The range of each option. */
const RANGES = {
  seconds: { least: 5, most: 1_000_000 },
  seed: { least: 0, most: 2 ** 32 - 1 },
  clients: { least: 80, most: 10_000 },
} as const;

type Name = keyof typeof RANGES;

const NAMES: readonly Name[] = ["seconds", "seed", "clients"];

/** Parses the arguments. `seed` is the default of `--seed`. */
export function parse(args: readonly string[], seed: number): Request {
  const unknown: string[] = [];
  const parsed = parseArgs([...args], {
    boolean: ["help"],
    string: [...NAMES],
    unknown: (argument) => void unknown.push(argument),
  });
  const flags = new Map<string, unknown>(Object.entries(parsed));
  if (flags.get("help") === true) return { kind: "help" };
  const values = new Map(
    NAMES.map((name) => [name, stringOf(flags.get(name))]),
  );
  const problem = findProblem(unknown, values);
  if (problem !== undefined) return { kind: "usage", problem };
  const numberOf = (name: Name, standard: number) =>
    Number(values.get(name) ?? standard);
  return {
    kind: "run",
    options: {
      seconds: numberOf("seconds", 20),
      seed: numberOf("seed", seed),
      clients: numberOf("clients", 300),
    },
  };
}

function stringOf(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}

function findProblem(
  [stranger]: readonly string[],
  values: ReadonlyMap<Name, string | undefined>,
): string | undefined {
  if (stranger !== undefined) return `unknown argument '${stranger}'`;
  for (const [name, value] of values) {
    const { least, most } = RANGES[name];
    if (value === undefined || isWithin(value, least, most)) continue;
    return `--${name} must be a number from ${least} to ${most}, not '${value}'`;
  }
  return undefined;
}

function isWithin(value: string, least: number, most: number): boolean {
  const isNumber = /^\d{1,10}$/.test(value);
  return isNumber && Number(value) >= least && Number(value) <= most;
}
