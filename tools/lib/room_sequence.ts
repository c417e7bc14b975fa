/**
 * Follows the messages of one room: each author numbers its messages from 1, and a client
 * receives every message once and in order, unless it has learned of a gap.
 *
 * @module
 */

/** How a message relates to the messages before it. */
export type Arrival =
  /** The first message of its author, or the next one */
  | { readonly kind: "next" }
  /** Messages after the number `after` are missing; `isFlagged` if a gap was reported */
  | {
    readonly kind: "skipped";
    readonly after: number;
    readonly isFlagged: boolean;
  }
  /** A message with a higher number, `after`, has arrived before */
  | { readonly kind: "old"; readonly after: number };

/** The last message of an author. */
interface Last {
  readonly n: number;
  /** The number of gaps before it */
  readonly gaps: number;
}

const NEXT: Arrival = { kind: "next" };

/** The messages of one room, as one client receives them. */
export class RoomSequence {
  readonly #last = new Map<string, Last>();
  #gaps = 0;

  /** Returns the number of the last message of an author; 0 before the first one. */
  last(author: string): number {
    return this.#last.get(author)?.n ?? 0;
  }

  /** Returns whether a gap was reported after the last message of an author. */
  isFlagged(author: string): boolean {
    return (this.#last.get(author)?.gaps ?? 0) !== this.#gaps;
  }

  /** Notes a message. An old one changes nothing. */
  take(author: string, n: number): Arrival {
    const last = this.#last.get(author);
    const after = last?.n ?? 0;
    if (n <= after) return { kind: "old", after };
    const isFlagged = this.isFlagged(author);
    this.#last.set(author, { n, gaps: this.#gaps });
    if (last === undefined || n === after + 1) return NEXT;
    return { kind: "skipped", after, isFlagged };
  }

  /** Notes that messages are missing. */
  gap(): void {
    this.#gaps++;
  }

  /** Forgets all messages, because the client does not continue where it was. */
  forget(): void {
    this.#last.clear();
  }
}
