/**
 * What one client receives of one room.
 *
 * @module
 */

import { comparePositions, parsePosition } from "../../broker/position.ts";
import { RoomSequence } from "../lib/room_sequence.ts";

/** Numbers of an author that a reader has skipped, both ends included. */
interface Hole {
  readonly from: number;
  readonly to: number;
  /** Whether a gap was reported where they belong */
  readonly isFlagged: boolean;
}

/** The acknowledged messages that a reader misses. */
export interface Missing {
  readonly silent: number;
  readonly flagged: number;
}

/** What a reader has noticed. */
export interface Totals {
  /** The reasons of all gaps */
  readonly gaps: readonly string[];
  readonly duplicates: number;
  readonly repeated: number;
  readonly reorders: number;
  readonly rejoins: number;
  readonly recovered: number;
  readonly unknown: number;
}

/** A message that arrived after a later one. */
interface Late {
  readonly author: string;
  readonly n: number;
}

/** What one client receives of one room, from before its first message. */
export class Reader {
  readonly #onReceived: (author: string, n: number) => boolean;
  readonly #sequence = new RoomSequence();
  readonly #holes = new Map<string, Hole[]>();
  /** The epochs in which messages arrived, by `author n` */
  readonly #seen = new Map<string, number>();
  readonly #late: Late[] = [];
  /** The number of times that the history has begun again */
  #epoch = 0;
  /** The position of the last message; `null` before it and after a gap */
  #position: string | null = null;
  /** Whether nothing has arrived since the last reconnect */
  #isReturning = false;
  readonly #gaps: string[] = [];
  #duplicates = 0;
  #repeated = 0;
  #regressions = 0;
  #rejoins = 0;
  #lossyRejoins = 0;
  #unknown = 0;

  /**
   * Constructs a `Reader`.
   *
   * @param onReceived Called with each message; returns whether it was published
   */
  constructor(onReceived: (author: string, n: number) => boolean) {
    this.#onReceived = onReceived;
  }

  /** Notes a message. */
  take(author: string, n: number, position: string | null): void {
    this.#isReturning = false;
    if (!this.#onReceived(author, n)) this.#unknown++;
    const id = `${author} ${n}`;
    const seen = this.#seen.get(id);
    if (seen === undefined) {
      this.#seen.set(id, this.#epoch);
      this.#place(author, n);
      if (!isAfter(position, this.#position)) this.#regressions++;
    } else if (seen === this.#epoch) this.#duplicates++;
    else this.#repeated++;
    this.#position = position;
  }

  /** Notes that messages are missing. */
  gap(reason: string): void {
    this.#gaps.push(reason);
    this.#sequence.gap();
    this.#position = null;
    if (reason === "epoch") this.#epoch++;
    if (this.#isReturning) this.#lossyRejoins++;
    this.#isReturning = false;
  }

  /** Notes that the client is connected again, and joins the room again. */
  rejoin(): void {
    this.#rejoins++;
    this.#isReturning = true;
  }

  /** Whether the reader has a message of an author, a later one, or a gap instead. */
  isUpTo(author: string, n: number): boolean {
    return this.#sequence.last(author) >= n || this.#sequence.isFlagged(author);
  }

  /** Returns which acknowledged messages of an author have not arrived. */
  missing(author: string, acknowledged: ReadonlySet<number>): Missing {
    let silent = 0;
    let flagged = 0;
    for (const n of acknowledged) {
      if (this.#seen.has(`${author} ${n}`)) continue;
      if (this.#isFlagged(author, n)) flagged++;
      else silent++;
    }
    return { silent, flagged };
  }

  /**
   * Returns what the reader has noticed.
   *
   * @param isAcknowledged Whether a message was acknowledged, so that its author had sent no
   * later one before. Another one can be stored at any time
   */
  totals(isAcknowledged: (author: string, n: number) => boolean): Totals {
    const late = this.#late.filter(({ author, n }) =>
      isAcknowledged(author, n)
    );
    return {
      gaps: this.#gaps,
      duplicates: this.#duplicates,
      repeated: this.#repeated,
      reorders: late.length + this.#regressions,
      rejoins: this.#rejoins,
      recovered: this.#rejoins - this.#lossyRejoins,
      unknown: this.#unknown,
    };
  }

  #place(author: string, n: number): void {
    const isFirst = this.#sequence.last(author) === 0;
    const isFlagged = this.#sequence.isFlagged(author);
    const arrival = this.#sequence.take(author, n);
    if (arrival.kind === "old") this.#late.push({ author, n });
    const after = arrival.kind === "skipped" ? arrival.after : isFirst ? 0 : n;
    if (n <= after + 1) return;
    const holes = this.#holes.get(author) ?? [];
    this.#holes.set(author, holes);
    holes.push({ from: after + 1, to: n - 1, isFlagged });
  }

  /** Whether a gap was reported where a missing message belongs. */
  #isFlagged(author: string, n: number): boolean {
    if (n > this.#sequence.last(author)) {
      return this.#sequence.isFlagged(author);
    }
    const holes = this.#holes.get(author) ?? [];
    return holes.some(({ from, to, isFlagged }) =>
      isFlagged && from <= n && n <= to
    );
  }
}

/** Whether a position follows another one, or nothing is known about that. */
function isAfter(position: string | null, last: string | null): boolean {
  const [one, other] = [parsePosition(position), parsePosition(last)];
  if (one === undefined || other === undefined) return true;
  return comparePositions(one, other) === "after";
}
