/**
 * The verdict about a run.
 *
 * @module
 */

import { sum, sumByName } from "./clients/tally.ts";
import type { Outcome } from "./run.ts";

const MIB = 2 ** 20;

/**
 * The memory that the server can have at the end: a ratio to its memory after the
 * warm-up, and additional bytes. Clients in memory are found by counting. This limit
 * finds everything else that grows.
 */
export const BAND = {
  /**
   * The JavaScript heap. Deno keeps a timer of about 2 KiB for up to 15 seconds after a
   * WebSocket has closed. At the end, there are more of them than after a short warm-up. A
   * server keeps the keys of publications for 130 seconds: 2.4 MiB of a long run.
   */
  heap: { ratio: 1.1, bytes: 6 * MIB },
  /** The resident memory, of which allocators return only a part. */
  rss: { ratio: 1.15, bytes: 16 * MIB },
} as const;

/** Returns the problems of a run. */
export function judge(outcome: Outcome): string[] {
  return [
    ...judgeFindings(outcome),
    ...judgeServer(outcome),
    ...judgeLifecycle(outcome),
    ...judgeMemory(outcome),
    ...judgeLoad(outcome),
  ];
}

function judgeFindings({ server, groups }: Outcome): string[] {
  return [server, ...groups].flatMap(({ found }) => {
    const others = found.count - found.texts.length;
    return others > 0 ? [...found.texts, `… ${others} more`] : found.texts;
  });
}

function judgeServer({ server }: Outcome): string[] {
  const { clients, leaked, begun, ended, running, pending } = server;
  const problems: string[] = [];
  if (clients > 0) problems.push(`${clients} clients are still connected`);
  if (leaked > 0) {
    problems.push(`${leaked} disconnected clients are still in memory`);
  }
  if (running > 0) problems.push(`${running} streams are still running`);
  if (pending > 0) {
    problems.push(`${pending} requests to clients are still pending`);
  }
  if (begun !== ended) {
    problems.push(`${begun} connections began, but ${ended} ended`);
  }
  return problems;
}

/** Each client has got both hooks, its signal has aborted, and its calls have ended. */
function judgeLifecycle(
  { server: { lifecycle, waiting } }: Outcome,
): string[] {
  const { connected, disconnected, aborted } = lifecycle;
  const problems: string[] = [];
  if (disconnected !== connected) {
    problems.push(
      `onConnect was called ${connected} times, but onDisconnect ${disconnected} times`,
    );
  }
  if (aborted !== connected) {
    problems.push(`the signals of ${aborted} of ${connected} clients aborted`);
  }
  if (waiting > 0) problems.push(`${waiting} calls are still waiting`);
  return problems;
}

/** Returns the problems with the memory. */
export function judgeMemory(
  { start, end }: Pick<Outcome, "start" | "end">,
): string[] {
  return (["heap", "rss"] as const).flatMap((kind) => {
    const { ratio, bytes } = BAND[kind];
    const most = start[kind] * ratio + bytes;
    if (end[kind] <= most) return [];
    return `the ${kind} is ${
      mebibytes(end[kind])
    } at the end, but the limit is ${mebibytes(most)} (${
      mebibytes(start[kind])
    } after the warm-up)`;
  });
}

/** A run must reach every end of a connection and every limit to prove anything. */
function judgeLoad({ server, groups }: Outcome): string[] {
  const {
    connections,
    answers,
    broadcasts,
    roomMessages,
    items,
    serverRequests,
    ends,
    limits,
  } = sum(groups.map(({ counts }) => counts));
  const { begun, streams, requests, ticks } = server;
  const events = eventsOf({ server, groups });
  const seen = { connections, answers, broadcasts, roomMessages, items };
  const counts = { ...seen, serverRequests, begun, streams, requests, ticks };
  return [
    ...missing(Object.keys(counts), counts),
    ...missing(ENDS, ends),
    ...missing(REQUEST_LIMITS, limits),
    ...missing(EVENTS, events),
  ];
}

/** Returns the events of all processes. */
export function eventsOf(
  { server, groups }: Pick<Outcome, "server" | "groups">,
): Record<string, number> {
  const { events } = sum(groups.map(({ counts }) => counts));
  return sumByName([server.events, events]);
}

/** The ends of connections that every run must reach. */
const ENDS = [
  "abort",
  "code 1000",
  "code 1006",
  "code 1008",
  "code 1009",
  "code 1011",
  "code 1013",
  "status 429",
];

/** The limits of requests that every run must reach. */
const REQUEST_LIMITS = ["maxPending", "maxRate", "maxDepth"];

/** The events in the life of a client that every run must reach. */
export const EVENTS: readonly string[] = [
  "application error",
  "cancelled call",
  "cut member",
  "duplicate publish",
  "epoch gap",
  "expired login",
  "failed onConnect",
  "forbidden request",
  "killed server",
  "late server",
  "long sleep",
  "recovered room",
  "renewed login",
  "resumed stream",
  "room gap",
  "short sleep",
  "silent client",
  "swallowed connection",
  "user with two connections",
  "vanished member",
];

function missing(
  names: readonly string[],
  counts: Readonly<Record<string, number>>,
): string[] {
  return names
    .filter((name) => (counts[name] ?? 0) === 0)
    .map((name) => `the run did not reach "${name}"`);
}

/** Formats bytes. */
export function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
