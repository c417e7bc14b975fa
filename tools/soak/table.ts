/**
 * What a run says while it lasts, and at its end.
 *
 * @module
 */

import { sum } from "./clients/tally.ts";
import type { Memory, ServerReport } from "./commands.ts";
import type { Outcome, Snapshot } from "./run.ts";
import { mebibytes } from "./verdict.ts";

/** One line about how it goes. */
export function formatProgress(snapshot: Snapshot, seconds: number): string {
  const { phase, server, groups } = snapshot;
  const { connections, answers } = sum(groups.map(({ counts }) => counts));
  return [
    `${seconds.toFixed(0).padStart(4)} s ${phase.padEnd(8)}`,
    `${server.clients} clients`,
    `${number(connections)} connections`,
    `${number(answers)} answers`,
    mebibytes(server.memory.rss),
  ].join(", ");
}

/** The table at the end. */
export function formatTable(outcome: Outcome): string {
  const { server, groups, killed } = outcome;
  const counts = sum(groups.map(({ counts }) => counts));
  const rows: readonly (readonly [string, string])[] = [
    ["connections", `${number(server.begun)}, ${number(server.ended)} ended`],
    ["ended by", record(counts.ends)],
    ["processes killed", number(killed)],
    ["requests", number(counts.requests)],
    ["answers", number(counts.answers)],
    ["beyond limits", record(counts.limits)],
    ["streams", `${number(server.streams)}, ${number(counts.items)} items`],
    ["asked", `${number(server.asked)}, ${number(counts.questions)} seen`],
    ["broadcasts", broadcasts(outcome)],
    ["messages to one", number(counts.notes)],
    ["warnings", number(server.warnings)],
    ["heap", memory(outcome, "heap")],
    ["memory", memory(outcome, "rss")],
    ["left behind", leftovers(server)],
  ];
  return rows.map(([name, text]) => `${name.padEnd(18)}${text}\n`).join("");
}

function leftovers({ clients, held, running, waiting }: ServerReport): string {
  return `${clients} in the set, ${held} held, ${running} streams running, ${waiting} requests waiting`;
}

function broadcasts({ server, groups }: Outcome): string {
  const { broadcasts, delivered, skipped, failed } = server;
  const counts = sum(groups.map(({ counts }) => counts));
  return `${number(broadcasts)}: ${number(delivered)} delivered, ${
    number(skipped)
  } skipped, ${number(failed)} failed; ${number(counts.broadcasts)} seen`;
}

function memory({ start, peak, end }: Outcome, kind: keyof Memory): string {
  return `${mebibytes(start[kind])} after the warm-up, ${
    mebibytes(peak[kind])
  } at most, ${mebibytes(end[kind])} at the end: ${
    (end[kind] / start[kind]).toFixed(2)
  }`;
}

function record(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).sort(([one], [other]) =>
    one < other ? -1 : 1
  );
  if (entries.length === 0) return "none";
  return entries.map(([name, count]) => `${name}: ${number(count)}`).join(", ");
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
