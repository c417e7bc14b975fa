/**
 * The servers that are fuzzed.
 *
 * @module
 */

import type { ServeOptions } from "../../server.ts";
import type { Middleware } from "../../server/middleware.ts";
import { pause } from "../support/timing.ts";
import type { Rules } from "./model.ts";

/** A server that is fuzzed. */
export interface Setting {
  readonly name: string;
  readonly options: ServeOptions;
  readonly rules: Rules;
  /** Runs around all handlers */
  readonly middleware?: Middleware;
  /** Its share of all frames */
  readonly share: number;
  /** The kinds of frames that it must have sent by the end */
  readonly expected: readonly string[];
}

/** The default limits in docs/reference/protocol.md. */
const STANDARD: Rules = {
  token: "test",
  minimumVersion: undefined,
  maxPayload: 65_536,
  maxDepth: 64,
  maxPending: 1_024,
  maxRate: 20_000,
  maxBurst: 40_000,
  maxBuffered: 1_048_576,
};

/** Limits that clients often exceed. */
const LOW = {
  maxPayload: 8_192,
  maxDepth: 8,
  maxPending: 3,
  maxRate: 1_000,
  maxBurst: 60,
  maxBuffered: 65_536,
};

/** The operations, streams and messages that clients of one server must not use. */
const FORBIDDEN: ReadonlySet<string> = new Set(["nothing", "silent", "empty"]);

const SLOW = { maxRate: 1_000, maxBurst: 25 };

/** The frames that every server must send. */
const GENERAL = [
  ...["pong", "result", "open", "newmsg", "done", "s_newmsg"],
  ...["error 1", "error 2", "error 5", "error 6", "error 8"],
  ...["declined: error 6 on purpose", "message: error 6 on purpose"],
  ...["close 1000", "close 1003", "close 1008", "error 9 maxDepth"],
  ...["invalid data: error 2", "operation: error 7"],
];

/** The frames of streams, to clients with and without the extension. */
const STREAMING = [
  ...["stream: done", "stream: cancelled early", "stream: waits for credit"],
  ...["stream: items together", "stream: in a batch", "stream: error 8"],
  ...["credit: accepted", "credit: ignored", "credit: error 8"],
  ...["cancel: accepted", "cancel: ignored", "cancel: error 8"],
  ...["stream: error 2", "credit: error 2"],
  "generator after a disconnect",
];

/** The outcomes of requests to clients. */
const REQUESTING = [
  "request: reply",
  "request: closed",
  "request: feature",
  "request",
];

/** The frames of rooms. */
const ROOMS = [
  ...["join: joined", "join: error 8", "join: error 10"],
  ...["leave: left", "publish: published", "publish: error 10"],
  ...["members: error 10", "presence: error 10", "r_newmsg"],
  ...["join: error 2", "publish: error 2", "members: error 2"],
  "presence: error 2",
];

/** Rare frames, which only the server with default limits must send. */
const RARE = [
  ...["stream: error 5", "stream: error 6", "stream: error 7"],
  ...["stream: large item", "stream: items of a later credit"],
  ...["stream: continued", "stream under an id in use: error 2"],
  ...["cancel: error 2", "done: error 2", "done: error 8"],
  ...["request: silence", "request: failure", "request: timeout"],
  ...["publish: error 6", "publish: error 11", "members: members"],
  ...["presence: result", "join: error 6", "leave: error 2"],
  ...["publish: duplicate", "publish: arrived before the answer"],
  "presence",
];

const ALWAYS = [...GENERAL, ...STREAMING, ...REQUESTING, ...ROOMS];

// All clients of the fuzzer have the same address, and many send wrong tokens.
const maxLoginFailures = Infinity;

// The model does not know the size of the requests in progress.
const UNLIMITED = { maxLoginFailures, maxPendingBytes: Infinity };

/** The servers that are fuzzed. */
export const SETTINGS: readonly Setting[] = [
  {
    name: "standard",
    options: { limits: UNLIMITED },
    rules: STANDARD,
    share: 0.65,
    expected: [...ALWAYS, ...RARE, "error 3"],
  },
  {
    name: "strict",
    options: {
      minimumVersion: "1.0.0",
      limits: { ...LOW, ...UNLIMITED },
      // Decides at once or after a delay.
      login: async ({ token }, actual, { version }) => {
        if (version === "2.10.0") await pause(1);
        return actual === token;
      },
      // Decides at once for every other client.
      authorize: ({ id }, { name }) => {
        const isAllowed = !FORBIDDEN.has(name);
        return id % 2 === 0 ? isAllowed : Promise.resolve(isAllowed);
      },
    },
    rules: {
      ...STANDARD,
      ...LOW,
      minimumVersion: "1.0.0",
      forbidden: FORBIDDEN,
    },
    middleware: (_call, next) => next(),
    share: 0.2,
    expected: [
      ...ALWAYS,
      ...["error 9 maxPending", "error 9 maxRate", "close 1009", "error 10"],
      "stream: error 9 maxPending",
    ],
  },
  {
    // With a low `maxPending`, clients rarely exceed `maxRate`.
    name: "slow",
    options: { limits: { ...SLOW, ...UNLIMITED } },
    rules: { ...STANDARD, ...SLOW },
    share: 0.15,
    expected: [...ALWAYS, "error 9 maxRate", "stream: error 9 maxRate"],
  },
];
