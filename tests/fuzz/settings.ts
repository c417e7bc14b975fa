/**
 * The servers that are fuzzed.
 *
 * @module
 */

import type { ServeOptions } from "../../serve.ts";
import { pause } from "../helpers.ts";
import type { Rules } from "./model.ts";

/** A server that is fuzzed. */
export interface Setting {
  readonly name: string;
  readonly options: ServeOptions;
  readonly rules: Rules;
  /** The share of the frames that it gets */
  readonly share: number;
}

const UNLIMITED: Rules = {
  token: "test",
  minimumVersion: "0.0.0",
  maxPayload: Infinity,
  maxDepth: Infinity,
  maxPending: Infinity,
  maxRate: Infinity,
  maxBurst: Infinity,
  maxBuffered: Infinity,
};

/** The servers that are fuzzed. */
export const SETTINGS: readonly Setting[] = [
  { name: "plain", options: {}, rules: UNLIMITED, share: 0.7 },
  {
    name: "strict",
    options: {
      minimumVersion: "1.0.0",
      // Decides in the same turn, in a later one, or much later.
      login: async ({ token }, actual, { version }) => {
        if (version === "2.10.0") await pause(1);
        return actual === token;
      },
    },
    rules: { ...UNLIMITED, minimumVersion: "1.0.0" },
    share: 0.3,
  },
];
