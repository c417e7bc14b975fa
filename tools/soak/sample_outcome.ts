/** The result of a run without problems, for tests. */

import type { ServerReport } from "./commands.ts";
import { type Counts, Tally } from "./clients/tally.ts";
import { type Finding, Problems } from "./problems.ts";
import type { Outcome } from "./run.ts";
import { EVENTS } from "./verdict.ts";

const MIB = 2 ** 20;

/** No problems. */
export const NOTHING: Finding = new Problems().finding;

/** Returns some problems. */
export function finding(...texts: readonly string[]): Finding {
  const problems = new Problems();
  for (const text of texts) problems.add(text);
  return problems.finding;
}

const COUNTS: Counts = {
  ...new Tally(),
  connections: 90,
  requests: 2_000,
  answers: 1_900,
  broadcasts: 500,
  notes: 70,
  roomMessages: 600,
  items: 800,
  serverRequests: 90,
  ends: {
    abort: 10,
    "code 1000": 60,
    "code 1006": 5,
    "code 1008": 4,
    "code 1009": 3,
    "code 1011": 8,
    "code 1013": 2,
    "status 429": 1,
  },
  limits: { maxPending: 1, maxRate: 2, maxDepth: 3 },
  events: Object.fromEntries(EVENTS.map((name) => [name, 2])),
};

const SERVER: ServerReport = {
  memory: { rss: 80 * MIB, heap: 10 * MIB },
  clients: 0,
  leaked: 0,
  begun: 100,
  ended: 100,
  lifecycle: { connected: 90, disconnected: 90, aborted: 90 },
  waiting: 0,
  events: { "silent client": 3 },
  broadcasts: 20,
  delivered: 510,
  skipped: 6,
  failed: 4,
  streams: 50,
  running: 0,
  requests: 100,
  pending: 0,
  ticks: 60,
  warnings: 30,
  found: NOTHING,
};

/** Returns the result of a run without problems, except for the given changes. */
export function outcomeOf(
  { server = {}, counts = {}, found = NOTHING, ...rest }:
    & Partial<Omit<Outcome, "server">>
    & {
      readonly server?: Partial<ServerReport>;
      readonly counts?: Partial<Counts>;
      readonly found?: Finding;
    } = {},
): Outcome {
  return {
    phase: "end",
    killed: 2,
    start: { rss: 80 * MIB, heap: 10 * MIB },
    peak: { rss: 160 * MIB, heap: 50 * MIB },
    end: { rss: 80 * MIB, heap: 10 * MIB },
    groups: [{ counts: { ...COUNTS, ...counts }, found }],
    ...rest,
    server: { ...SERVER, ...server },
  };
}
