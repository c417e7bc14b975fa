/**
 * The command line of the chaos test.
 *
 * @module
 */

import { oneOf, toggle, wholeNumber } from "../../cli/flags.ts";
import { type FlagValues, type Syntax, UsageError } from "../../cli/parse.ts";
import { MAX_SEED, randomSeed } from "../lib/arguments.ts";
import type { EngineName } from "./commands.ts";
import { KILLS, type Scenario, SCENARIOS } from "./scenarios.ts";

/** The options of a run. */
export interface Options {
  readonly engines: readonly EngineName[];
  readonly scenarios: readonly Scenario[];
  /** The seed of all random choices */
  readonly seed: number;
  /** The number of nodes */
  readonly nodes: number;
  /** The number of kills and partitions of the scenario `kills` */
  readonly kills: number;
  /** Whether the engines run at the same time */
  readonly isQuick: boolean;
}

/** The engines. */
const ENGINES: readonly EngineName[] = ["nats", "redis"];

const FLAGS = {
  engine: oneOf(ENGINES, {
    help: `Only this engine: ${ENGINES.join(", ")}`,
    placeholder: "name",
    shownDefault: "both",
  }),
  only: oneOf(SCENARIOS.map(({ name }) => name), {
    help: `Only this scenario: ${SCENARIOS.map(({ name }) => name).join(", ")}`,
    placeholder: "name",
  }),
  kills: wholeNumber({
    help: "Instead, so many kills and partitions in a random order",
    placeholder: "number",
    ...{ min: 1, max: 10_000 },
  }),
  nodes: wholeNumber({
    help: "The number of servers",
    placeholder: "number",
    ...{ min: 2, max: 4, default: 2 },
  }),
  quick: toggle({
    help: "Test both engines at the same time; takes about 90 seconds",
  }),
  seed: wholeNumber({
    help: "Repeat the random choices of a run",
    placeholder: "number",
    ...{ max: MAX_SEED, shownDefault: "random" },
  }),
};

/** The flags of the chaos test. */
export type Flags = FlagValues<typeof FLAGS>;

/** The arguments of the chaos test. */
export const SYNTAX: Syntax<typeof FLAGS> = {
  name: "",
  summary:
    "Runs several servers with one engine behind a balancer without affinity, and breaks them while clients publish in a room and read it",
  description: [
    "Counts what was lost, repeated or out of order. The last two scenarios break the servers on purpose, and must show losses.",
  ],
  flags: FLAGS,
  refine: (flags) => {
    if (flags.only === undefined || flags.kills === undefined) return flags;
    throw new UsageError("Use either --only or --kills, not both.");
  },
};

/** Returns the options of a run. */
export function optionsOf(flags: Flags): Options {
  const { engine, only, kills, nodes, quick, seed = randomSeed() } = flags;
  const scenarios = SCENARIOS.filter(({ name }) =>
    only === undefined || name === only
  );
  return {
    engines: engine === undefined ? ENGINES : [engine],
    scenarios: kills === undefined ? scenarios : [KILLS],
    ...{ seed, nodes, kills: kills ?? 0, isQuick: quick },
  };
}
