/**
 * The servers that are fuzzed.
 *
 * @module
 */

import type { ServeOptions } from "../../server.ts";
import { pause } from "../support/timing.ts";
import type { Rules } from "./model.ts";

/** A server that is fuzzed. */
export interface Setting {
  readonly name: string;
  readonly options: ServeOptions;
  readonly rules: Rules;
  /** The share of the frames that it gets */
  readonly share: number;
  /** What it must have said by the end */
  readonly says: readonly string[];
}

/** The limits of a server that was told none, as docs/protocol.md has them. */
const STANDARD: Rules = {
  token: "test",
  minimumVersion: "0.0.0",
  maxPayload: 65_536,
  maxDepth: 64,
  maxPending: 1_024,
  maxRate: 20_000,
  maxBurst: 40_000,
  maxBuffered: 1_048_576,
};

/** Limits that clients run into all the time. */
const LOW = {
  maxPayload: 8_192,
  maxDepth: 8,
  maxPending: 3,
  maxRate: 1_000,
  maxBurst: 60,
  maxBuffered: 65_536,
};

const SLOW = { maxRate: 1_000, maxBurst: 25 };

/** What every server says to somebody who says anything. */
const GENERAL = [
  ...["result", "open", "newmsg", "done", "s_newmsg"],
  ...["error 1", "error 2", "error 5", "error 6", "error 8"],
  ...["close 1000", "close 1003", "close 1008", "error 9 maxDepth"],
  ...["unfit: error 2", "operation: error 7"],
];

/** What it says of streams, to those who speak that and to those who do not. */
const STREAMING = [
  ...["stream: done", "stream: cut short", "stream: at its credit"],
  ...["stream: items together", "stream: in a batch", "stream: error 8"],
  ...["credit: taken", "credit: passed over", "credit: error 8"],
  ...["cancel: taken", "cancel: passed over", "cancel: error 8"],
  ...["stream: error 2", "credit: error 2"],
  "generator of somebody who has left",
];

/** What becomes of what it asks. */
const ASKING = ["asked: reply", "asked: closed", "asked: feature", "request"];

/** What is seldom said, and only where nearly everything is taken. */
const SELDOM = [
  ...["stream: error 5", "stream: error 6", "stream: error 7"],
  ...["stream: large item", "stream: items of a later credit"],
  "stream under an id in use: error 2",
  ...["cancel: error 2", "done: error 2", "done: error 8"],
  ...["asked: silence", "asked: failure", "asked: timeout"],
];

const ALWAYS = [...GENERAL, ...STREAMING, ...ASKING];

// All clients of the fuzzer have one address, and many of their tokens are wrong.
const maxLoginFailures = Infinity;

/** The servers that are fuzzed. */
export const SETTINGS: readonly Setting[] = [
  {
    name: "standard",
    options: { limits: { maxLoginFailures } },
    rules: STANDARD,
    share: 0.65,
    says: [...ALWAYS, ...SELDOM, "error 3"],
  },
  {
    name: "strict",
    options: {
      minimumVersion: "1.0.0",
      limits: { ...LOW, maxLoginFailures },
      // Decides in the same turn, in a later one, or much later.
      login: async ({ token }, actual, { version }) => {
        if (version === "2.10.0") await pause(1);
        return actual === token;
      },
    },
    rules: { ...STANDARD, ...LOW, minimumVersion: "1.0.0" },
    share: 0.2,
    says: [
      ...ALWAYS,
      ...["error 9 maxPending", "error 9 maxRate", "close 1009"],
      "stream: error 9 maxPending",
    ],
  },
  {
    // With few under way, hardly anybody would ever be too fast.
    name: "unhurried",
    options: { limits: { ...SLOW, maxLoginFailures } },
    rules: { ...STANDARD, ...SLOW },
    share: 0.15,
    says: [...ALWAYS, "error 9 maxRate", "stream: error 9 maxRate"],
  },
];
