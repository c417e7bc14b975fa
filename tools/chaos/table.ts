/**
 * The table at the end of a run.
 *
 * @module
 */

import type { EngineName } from "./commands.ts";
import type { Outcome } from "./run.ts";

/** A column: its heading, and its content. */
interface Column {
  readonly heading: string;
  readonly text: (outcome: Outcome) => string;
}

const COLUMNS: readonly Column[] = [
  { heading: "scenario", text: ({ scenario }) => scenario.title },
  { heading: "acked", text: ({ counts }) => number(counts.acknowledged) },
  { heading: "silent", text: ({ counts }) => number(counts.silent) },
  { heading: "flagged", text: ({ counts }) => number(counts.flagged) },
  { heading: "gaps", text: ({ counts }) => number(counts.gaps) },
  { heading: "twice", text: ({ counts }) => number(counts.duplicates) },
  { heading: "again", text: ({ counts }) => number(counts.repeated) },
  { heading: "disorder", text: ({ counts }) => number(counts.reorders) },
  {
    heading: "recovered",
    text: ({ counts: { recovered, rejoins } }) => `${recovered}/${rejoins}`,
  },
  { heading: "p50/p99/max ms", text: delivery },
];

const LEGEND = [
  "acked      messages that a server has acknowledged",
  "silent     messages that a reader misses without a gap, of all readers; must be 0",
  "flagged    messages that a reader misses where a gap was reported, of all readers",
  "gaps       reported gaps, of all readers; 0 unless the engine loses data",
  "twice      messages that a reader received twice; must be 0",
  "again      messages that a reader received again after the history had begun again",
  "disorder   messages that a reader received after a later one; must be 0",
  "recovered  reconnects after which no message was missing",
  "ms         from the first attempt to publish to the reader, in milliseconds",
];

/** Returns the tables of all engines, with a legend. */
export function formatTables(outcomes: readonly Outcome[]): string {
  const engines = [...new Set(outcomes.map(({ engine }) => engine))];
  const tables = engines.map((engine) =>
    formatTable(engine, outcomes.filter((each) => each.engine === engine))
  );
  return [...tables, LEGEND.join("\n"), ""].join("\n");
}

/** Returns the table of one engine, in Markdown. */
export function formatTable(
  engine: EngineName,
  outcomes: readonly Outcome[],
): string {
  const rows = [
    [engine, ...COLUMNS.slice(1).map(({ heading }) => heading)],
    ...outcomes.map((outcome) => COLUMNS.map(({ text }) => text(outcome))),
  ];
  const widths = COLUMNS.map((_, index) =>
    Math.max(...rows.map((row) => row[index]!.length))
  );
  const lines = rows.map((row) => formatRow(row, widths));
  lines.splice(
    1,
    0,
    formatRow(widths.map((width) => "-".repeat(width)), widths),
  );
  const events = outcomes.map(describeEvents).filter((line) => line !== "");
  return [...lines, ...events, ""].join("\n");
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, index) =>
    index === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[index]!)
  );
  return `| ${cells.join(" | ")} |`;
}

/** Returns how often each thing was broken in a long scenario. */
function describeEvents({ scenario, events }: Outcome): string {
  const entries = Object.entries(events);
  if (entries.length < 2) return "";
  const counts = entries.map(([event, count]) => `${count} ${event}`);
  return `${scenario.title}: ${counts.join(", ")}`;
}

function delivery({ counts: { delivery } }: Outcome): string {
  const { p50, p99, max } = delivery;
  return [p50, p99, max].map((time) => time?.toFixed(0) ?? "-").join("/");
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
