/**
 * Compares what was published in a room with what each of its readers received.
 *
 * @module
 */

import { percentile } from "../bench/statistics.ts";
import { Reader } from "./reader.ts";

/** Messages of one author, by their numbers. */
interface Author {
  /** The time of the first attempt to publish, as of `performance.now` */
  readonly sent: Map<number, number>;
  readonly acknowledged: Set<number>;
}

/** What became of the messages of a room. */
export interface Counts {
  /** The number of messages that a server has acknowledged */
  readonly acknowledged: number;
  /** Acknowledged messages that a reader misses without a gap, of all readers */
  readonly silent: number;
  /** Acknowledged messages that a reader misses where a gap was reported, of all readers */
  readonly flagged: number;
  /** The number of reported gaps, of all readers */
  readonly gaps: number;
  /** How often each reason for a gap was reported */
  readonly reasons: Readonly<Record<string, number>>;
  /** Messages that a reader received twice in one epoch */
  readonly duplicates: number;
  /** Messages that a reader received again after the history had begun again */
  readonly repeated: number;
  /** Messages that a reader received after a later one */
  readonly reorders: number;
  /** The number of reconnects of the readers */
  readonly rejoins: number;
  /** The number of reconnects after which no message was missing */
  readonly recovered: number;
  /** Received messages that nobody has published in the room */
  readonly unknown: number;
  /** The time from the first attempt to publish until a reader has the message, in milliseconds */
  readonly delivery: Delivery;
}

/** Times in milliseconds; `undefined` without messages. */
export interface Delivery {
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
}

/** The messages of one room. */
export class Ledger {
  readonly #authors = new Map<string, Author>();
  readonly #readers: Reader[] = [];
  readonly #times: number[] = [];

  /** Notes that a message is about to be published, perhaps again. */
  send(author: string, n: number): void {
    const { sent } = this.#author(author);
    if (!sent.has(n)) sent.set(n, performance.now());
  }

  /** Notes that a server has stored a message. */
  acknowledge(author: string, n: number): void {
    this.#author(author).acknowledged.add(n);
  }

  /** Adds a reader, which must be in the room before the first message. */
  addReader(): Reader {
    const reader = new Reader((author, n) => this.#onReceived(author, n));
    this.#readers.push(reader);
    return reader;
  }

  /** The number of messages that a server has acknowledged */
  get acknowledged(): number {
    return sum(
      [...this.#authors.values()].map((each) => each.acknowledged.size),
    );
  }

  /** Whether each reader has the last acknowledged message of each author, or a gap. */
  get isSettled(): boolean {
    return [...this.#authors].every(([name, { acknowledged }]) => {
      const last = lastOf(acknowledged);
      return this.#readers.every((reader) => reader.isUpTo(name, last));
    });
  }

  /** Counts the messages of the whole run. */
  count(): Counts {
    const authors = [...this.#authors];
    const missing = authors.flatMap(([author, { acknowledged }]) =>
      this.#readers.map((reader) => reader.missing(author, acknowledged))
    );
    const totals = this.#readers.map((reader) =>
      reader.totals((author, n) => this.#isAcknowledged(author, n))
    );
    const gaps = totals.flatMap(({ gaps }) => gaps);
    return {
      acknowledged: this.acknowledged,
      silent: sum(missing.map(({ silent }) => silent)),
      flagged: sum(missing.map(({ flagged }) => flagged)),
      gaps: gaps.length,
      reasons: tally(gaps),
      duplicates: sum(totals.map(({ duplicates }) => duplicates)),
      repeated: sum(totals.map(({ repeated }) => repeated)),
      reorders: sum(totals.map(({ reorders }) => reorders)),
      rejoins: sum(totals.map(({ rejoins }) => rejoins)),
      recovered: sum(totals.map(({ recovered }) => recovered)),
      unknown: sum(totals.map(({ unknown }) => unknown)),
      delivery: this.#delivery(),
    };
  }

  #onReceived(author: string, n: number): boolean {
    const sent = this.#authors.get(author)?.sent.get(n);
    if (sent === undefined) return false;
    this.#times.push(performance.now() - sent);
    return true;
  }

  #isAcknowledged(author: string, n: number): boolean {
    return this.#authors.get(author)?.acknowledged.has(n) ?? false;
  }

  #delivery(): Delivery {
    return {
      p50: percentile(this.#times, 0.5),
      p99: percentile(this.#times, 0.99),
      max: percentile(this.#times, 1),
    };
  }

  #author(name: string): Author {
    let author = this.#authors.get(name);
    if (author === undefined) {
      author = { sent: new Map(), acknowledged: new Set() };
      this.#authors.set(name, author);
    }
    return author;
  }
}

/** Returns the largest number; 0 without one. */
function lastOf(numbers: ReadonlySet<number>): number {
  let last = 0;
  for (const n of numbers) last = Math.max(last, n);
  return last;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Counts equal strings. */
function tally(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
