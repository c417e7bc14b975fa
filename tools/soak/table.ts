/**
 * The output of a run: lines of progress, and the table at the end.
 *
 * @module
 */

import { sum } from "./clients/tally.ts";
import type { Memory, ServerReport } from "./commands.ts";
import type { Outcome, Snapshot } from "./run.ts";
import { eventsOf, mebibytes } from "./verdict.ts";

/** Returns a line of progress. */
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

/** Returns the table at the end. */
export function formatTable(outcome: Outcome): string {
  const { server, groups, killed } = outcome;
  const counts = sum(groups.map(({ counts }) => counts));
  const rows: readonly (readonly [string, string])[] = [
    ["connections", `${number(server.begun)}, ${number(server.ended)} ended`],
    ["ends", record(counts.ends)],
    ["hooks", hooks(server)],
    ["events", record(eventsOf(outcome))],
    ["processes killed", number(killed)],
    ["requests", number(counts.requests)],
    ["answers", number(counts.answers)],
    ["exceeded limits", record(counts.limits)],
    ["streams", `${number(server.streams)}, ${number(counts.items)} items`],
    [
      "requests to clients",
      `${number(server.requests)}, ${number(counts.serverRequests)} received`,
    ],
    ["broadcasts", broadcasts(outcome)],
    [
      "rooms",
      `${number(server.ticks)} messages of the server, ${
        number(counts.roomMessages)
      } received`,
    ],
    ["single messages", number(counts.notes)],
    ["warnings", number(server.warnings)],
    ["heap", memory(outcome, "heap")],
    ["memory", memory(outcome, "rss")],
    ["left", leftovers(server)],
  ];
  return rows.map(([name, text]) => `${name.padEnd(20)}${text}\n`).join("");
}

function hooks({ lifecycle }: ServerReport): string {
  const { connected, disconnected, aborted } = lifecycle;
  return `${number(connected)} onConnect, ${
    number(disconnected)
  } onDisconnect, ${number(aborted)} signals aborted`;
}

function leftovers(
  { clients, leaked, waiting, running, pending }: ServerReport,
): string {
  return `${clients} connected clients, ${leaked} clients in memory, ${waiting} waiting calls, ${running} streams, ${pending} requests to clients`;
}

function broadcasts({ server, groups }: Outcome): string {
  const { broadcasts, delivered, skipped, failed } = server;
  const counts = sum(groups.map(({ counts }) => counts));
  return `${number(broadcasts)}: ${number(delivered)} delivered, ${
    number(skipped)
  } skipped, ${number(failed)} failed; ${number(counts.broadcasts)} received`;
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
