/**
 * What the clients of one process have counted.
 *
 * @module
 */

/** Counters that add up over processes. */
export interface Counts {
  /** Connections that were opened, logged in or not */
  readonly connections: number;
  readonly requests: number;
  readonly answers: number;
  /** Broadcasts that arrived */
  readonly broadcasts: number;
  /** Messages to one client that arrived */
  readonly notes: number;
  /** Items of streams that arrived */
  readonly items: number;
  /** What the server asked */
  readonly questions: number;
  /** By what ended them: `code 1013`, `status 429`, `cut` … */
  readonly ends: Readonly<Record<string, number>>;
  /** By the name of the limit that a request went beyond */
  readonly limits: Readonly<Record<string, number>>;
}

/** Counters. */
export class Tally implements Counts {
  connections = 0;
  requests = 0;
  answers = 0;
  broadcasts = 0;
  notes = 0;
  items = 0;
  questions = 0;
  readonly ends: Record<string, number> = {};
  readonly limits: Record<string, number> = {};

  /** Counts the end of a connection, or of an attempt at one. */
  end(how: string): void {
    this.ends[how] = (this.ends[how] ?? 0) + 1;
  }

  /** Counts a request that was refused as it goes beyond a limit. */
  exceed(limit: string): void {
    this.limits[limit] = (this.limits[limit] ?? 0) + 1;
  }
}

/** The sum of what several processes have counted. */
export function sum(counts: readonly Counts[]): Counts {
  const total = (of: (each: Counts) => number) =>
    counts.reduce((sum, each) => sum + of(each), 0);
  return {
    connections: total((each) => each.connections),
    requests: total((each) => each.requests),
    answers: total((each) => each.answers),
    broadcasts: total((each) => each.broadcasts),
    notes: total((each) => each.notes),
    items: total((each) => each.items),
    questions: total((each) => each.questions),
    ends: sumByName(counts.map((each) => each.ends)),
    limits: sumByName(counts.map((each) => each.limits)),
  };
}

function sumByName(
  records: readonly Readonly<Record<string, number>>[],
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of records.flatMap(Object.entries)) {
    sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
