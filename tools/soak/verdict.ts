/**
 * What is wrong with a run, if anything is.
 *
 * @module
 */

import { sum } from "./clients/tally.ts";
import type { Outcome } from "./run.ts";

const MIB = 2 ** 20;

/**
 * What the server may have at the end: so many times what it had after the warm-up,
 * and so many bytes more. Clients that something holds are found by counting; this
 * is for what else may grow.
 */
export const BAND = {
  /**
   * What JavaScript holds. Deno keeps a timer with some 2 KiB for up to 15 seconds
   * after a WebSocket has closed, which is more of them than after a short warm-up.
   */
  heap: { ratio: 1.1, bytes: 4 * MIB },
  /** What is in RAM, of which allocators give back what they like. */
  rss: { ratio: 1.15, bytes: 16 * MIB },
} as const;

/** What is wrong, in words; nothing if the run went well. */
export function judge(outcome: Outcome): string[] {
  return [
    ...judgeFindings(outcome),
    ...judgeServer(outcome),
    ...judgeMemory(outcome),
    ...judgeLoad(outcome),
  ];
}

function judgeFindings({ server, groups }: Outcome): string[] {
  return [server, ...groups].flatMap(({ found }) => {
    const untold = found.count - found.texts.length;
    return untold > 0 ? [...found.texts, `… ${untold} more`] : found.texts;
  });
}

function judgeServer({ server }: Outcome): string[] {
  const { clients, held, begun, ended, running, waiting } = server;
  const problems: string[] = [];
  if (clients > 0) problems.push(`${clients} clients are left in the set`);
  if (held > 0) problems.push(`${held} clients that have gone are still held`);
  if (running > 0) problems.push(`${running} streams are left running`);
  if (waiting > 0) problems.push(`${waiting} requests are left waiting`);
  if (begun !== ended) {
    problems.push(`${begun} connections began and ${ended} ended`);
  }
  return problems;
}

/** What is wrong with the memory. */
export function judgeMemory(
  { start, end }: Pick<Outcome, "start" | "end">,
): string[] {
  return (["heap", "rss"] as const).flatMap((kind) => {
    const { ratio, bytes } = BAND[kind];
    const most = start[kind] * ratio + bytes;
    if (end[kind] <= most) return [];
    return `the ${kind} is ${mebibytes(end[kind])} at the end and may be ${
      mebibytes(most)
    }, as it was ${mebibytes(start[kind])} after the warm-up`;
  });
}

/** A run in which something did not happen proves nothing about it. */
function judgeLoad({ server, groups }: Outcome): string[] {
  const { connections, answers, broadcasts, items, questions, ends, limits } =
    sum(groups.map(({ counts }) => counts));
  const { begun, streams, asked } = server;
  const seen = { connections, answers, broadcasts, items, questions };
  const counts = { ...seen, begun, streams, asked };
  return [
    ...missing(Object.keys(counts), counts),
    ...missing(ENDS, ends),
    ...missing(REQUEST_LIMITS, limits),
  ];
}

/** Ends of connections that every run has to have seen. */
const ENDS = [
  "cut",
  "code 1000",
  "code 1006",
  "code 1008",
  "code 1009",
  "code 1013",
  "status 429",
];

/** Limits of requests that every run has to have reached. */
const REQUEST_LIMITS = ["maxPending", "maxRate", "maxDepth"];

function missing(
  names: readonly string[],
  counts: Readonly<Record<string, number>>,
): string[] {
  return names
    .filter((name) => (counts[name] ?? 0) === 0)
    .map((name) => `the run saw no "${name}"`);
}

/** Bytes as people read them. */
export function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
