/**
 * What the arguments of the long run ask for.
 *
 * @module
 */

import { parseArgs } from "@std/cli";

/** How to run. */
export interface Options {
  /** How long there is load, the warm-up included, in seconds */
  readonly seconds: number;
  /** What all that is random derives from */
  readonly seed: number;
  /** How many clients there are at once, more or less */
  readonly clients: number;
}

/** What the arguments ask for. */
export type Request =
  | { readonly kind: "help" }
  | { readonly kind: "usage"; readonly problem: string }
  | { readonly kind: "run"; readonly options: Options };

/** What `--help` says. */
export const HELP =
  `Puts a server under the load of a few hundred clients that talk, vanish, stall and
come back, and checks that nothing was lost, doubled, mixed up or kept.

deno task soak [options]

  --seconds=<number>  how long there is load, 20 if left out
  --seed=<number>     repeats what the clients do in a run, random if left out
  --clients=<number>  how many there are at once, 300 if left out
  --help              this text
`;

/** What each option may be. */
const RANGES = {
  seconds: { least: 5, most: 1_000_000 },
  seed: { least: 0, most: 2 ** 32 - 1 },
  clients: { least: 80, most: 10_000 },
} as const;

type Name = keyof typeof RANGES;

const NAMES: readonly Name[] = ["seconds", "seed", "clients"];

/** What the arguments ask for; `seed` is for whoever names none. */
export function parse(args: readonly string[], seed: number): Request {
  const unknown: string[] = [];
  const parsed = parseArgs([...args], {
    boolean: ["help"],
    string: [...NAMES],
    unknown: (argument) => void unknown.push(argument),
  });
  const flags = new Map<string, unknown>(Object.entries(parsed));
  if (flags.get("help") === true) return { kind: "help" };
  const values = new Map(NAMES.map((name) => [name, textOf(flags.get(name))]));
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

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}

function findProblem(
  [stranger]: readonly string[],
  values: ReadonlyMap<Name, string | undefined>,
): string | undefined {
  if (stranger !== undefined) return `there is no ${stranger}`;
  for (const [name, value] of values) {
    const { least, most } = RANGES[name];
    if (value === undefined || isWithin(value, least, most)) continue;
    return `--${name} must be from ${least} to ${most}, not "${value}"`;
  }
  return undefined;
}

function isWithin(value: string, least: number, most: number): boolean {
  const isNumber = /^\d{1,10}$/.test(value);
  return isNumber && Number(value) >= least && Number(value) <= most;
}
