/**
 * Checks the messages of one room: each author numbers its messages, and a client receives
 * every message once and in order, unless it has learned of a gap. It does not depend on a
 * connection.
 *
 * @module
 */

/** The options of a ledger. */
export interface RoomLedgerOptions {
  /** Whether the room keeps so little that messages can be missing */
  readonly isBrief: boolean;
  /** Called with each problem */
  readonly report: (problem: string) => void;
}

/** The last message of an author. */
interface Last {
  readonly n: number;
  /** The number of gaps before it */
  readonly gaps: number;
}

/** The messages of one room that a client has received. */
export class RoomLedger {
  /** The number of messages */
  received = 0;
  /** The position of the last message; `null` before the first one */
  position: string | null = null;
  readonly #options: RoomLedgerOptions;
  readonly #last = new Map<string, Last>();
  #gaps = 0;

  constructor(options: RoomLedgerOptions) {
    this.#options = options;
  }

  /** Returns the number of the last message of an author; 0 before the first one. */
  last(author: string): number {
    return this.#last.get(author)?.n ?? 0;
  }

  /** Checks a message. */
  take(author: string, n: number, position: string | null): void {
    this.received++;
    this.position = position;
    if (position === null) this.#report(`message ${n} has no position`);
    const last = this.#last.get(author);
    this.#last.set(author, { n, gaps: this.#gaps });
    if (last === undefined || n === last.n + 1) return;
    const subject = `message ${n} of ${author} arrived after ${last.n}`;
    if (n <= last.n) this.#report(subject);
    else if (last.gaps === this.#gaps) this.#report(`${subject} without a gap`);
  }

  /** Notes that messages are missing. */
  gap(reason: string): void {
    this.#gaps++;
    if (this.#options.isBrief && reason === "expired") return;
    this.#report(`messages are missing: ${reason}`);
  }

  /** Forgets all messages, because the client does not continue where it was. */
  forget(): void {
    this.#last.clear();
    this.position = null;
  }

  #report(problem: string): void {
    this.#options.report(problem);
  }
}
