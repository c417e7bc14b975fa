/**
 * The command line of the soak test.
 *
 * @module
 */

import { wholeNumber } from "../../cli/flags.ts";
import type { Syntax } from "../../cli/parse.ts";
import { MAX_SEED } from "../lib/arguments.ts";

/** The options of a run. */
export interface Options {
  /** The duration of the load in seconds, including the warm-up */
  readonly seconds: number;
  /** The seed of all random choices */
  readonly seed: number;
  /** The approximate number of clients at the same time */
  readonly clients: number;
}

const FLAGS = {
  seconds: wholeNumber({
    help: "The duration of the load",
    placeholder: "number",
    ...{ min: 5, max: 1_000_000, default: 20 },
  }),
  seed: wholeNumber({
    help: "Repeat the random choices of a run",
    placeholder: "number",
    ...{ max: MAX_SEED, shownDefault: "random" },
  }),
  clients: wholeNumber({
    help: "The number of clients at the same time, and of members of rooms",
    placeholder: "number",
    ...{ min: 80, max: 10_000, default: 300 },
  }),
};

/** The arguments of the soak test. */
export const SYNTAX: Syntax<typeof FLAGS> = {
  name: "",
  summary:
    "Puts a server under the load of a few hundred clients, which send requests, disappear, sleep, stop reading, reconnect and start before their server",
  description: [
    "As many other clients are in 50 rooms while their connections are cut. Checks that no frame and no message of a room is lost, repeated or mixed up, that each member sees the others, that the server notices the end of each client, and that it releases all memory. Some clients need up to a minute to finish.",
  ],
  flags: FLAGS,
};
