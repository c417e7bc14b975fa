/**
 * The counters of the clients of one process.
 *
 * @module
 */

/** Counters that can be added. */
export interface Counts {
  /** Opened connections, with or without a login */
  readonly connections: number;
  readonly requests: number;
  readonly answers: number;
  /** Received broadcasts */
  readonly broadcasts: number;
  /** Received messages to a single client */
  readonly notes: number;
  /** Received messages of rooms */
  readonly roomMessages: number;
  /** Received items of streams */
  readonly items: number;
  /** Received requests of the server */
  readonly serverRequests: number;
  /** The ends of connections, by cause: `code 1013`, `status 429`, `abort` … */
  readonly ends: Readonly<Record<string, number>>;
  /** Requests that exceeded a limit, by the name of the limit */
  readonly limits: Readonly<Record<string, number>>;
  /** Other events that every run must reach, by their name */
  readonly events: Readonly<Record<string, number>>;
}

/** The counters of one process. */
export class Tally implements Counts {
  connections = 0;
  requests = 0;
  answers = 0;
  broadcasts = 0;
  notes = 0;
  roomMessages = 0;
  items = 0;
  serverRequests = 0;
  readonly ends: Record<string, number> = {};
  readonly limits: Record<string, number> = {};
  readonly events: Record<string, number> = {};

  /** Counts the end of a connection, or of an attempt to connect. */
  end(how: string): void {
    this.ends[how] = (this.ends[how] ?? 0) + 1;
  }

  /** Counts a request that was rejected because of a limit. */
  exceed(limit: string): void {
    this.limits[limit] = (this.limits[limit] ?? 0) + 1;
  }

  /** Counts an event. */
  note(event: string): void {
    this.events[event] = (this.events[event] ?? 0) + 1;
  }
}

/** Adds the counters of several processes. */
export function sum(counts: readonly Counts[]): Counts {
  const total = (of: (each: Counts) => number) =>
    counts.reduce((sum, each) => sum + of(each), 0);
  return {
    connections: total((each) => each.connections),
    requests: total((each) => each.requests),
    answers: total((each) => each.answers),
    broadcasts: total((each) => each.broadcasts),
    notes: total((each) => each.notes),
    roomMessages: total((each) => each.roomMessages),
    items: total((each) => each.items),
    serverRequests: total((each) => each.serverRequests),
    ends: sumByName(counts.map((each) => each.ends)),
    limits: sumByName(counts.map((each) => each.limits)),
    events: sumByName(counts.map((each) => each.events)),
  };
}

/** Adds counters that have a name. */
export function sumByName(
  records: readonly Readonly<Record<string, number>>[],
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of records.flatMap(Object.entries)) {
    sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
