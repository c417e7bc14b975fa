/**
 * Shares the event loop between all deliveries of a server, so that other events do not
 * wait behind a long broadcast.
 *
 * @module
 */

/**
 * The minimum number of sends per turn of the event loop. Each send is a system call,
 * and 32 of them take a quarter of a millisecond. Fewer sends per turn cost more CPU
 * time, because each turn wakes the event loop.
 */
const MIN_SENDS = 32;

/**
 * The sends per turn are this number divided by the number of recipients. Up to 316 of them
 * are served in one turn, which is short and halves the time per send. With more recipients,
 * a turn has fewer sends, so that other events do not wait behind a long broadcast.
 */
const SPREAD = 100_000;

/** Work that takes several turns. */
export interface TurnTaker {
  /** The number of recipients */
  readonly size: number;
  /**
   * Sends until the budget is used up, or nothing is left to send.
   *
   * @param budget The number of sends that are allowed; at least 1
   * @returns The number of sends, and whether nothing is left
   */
  take(budget: number): { readonly sends: number; readonly isDone: boolean };
}

/** Gives each of several works its turn. */
export class Turns {
  readonly #defer: (turn: () => void) => void;
  /** The works that are not done, the one whose turn is next first */
  readonly #takers = new Set<TurnTaker>();

  /**
   * Constructs `Turns`.
   *
   * @param defer Calls a function in a later turn of the event loop
   */
  constructor(defer: (turn: () => void) => void) {
    this.#defer = defer;
  }

  /** Whether work is left */
  get isBusy(): boolean {
    return this.#takers.size > 0;
  }

  /** Adds work, which begins at the end of the tick. */
  add(taker: TurnTaker): void {
    const isRunning = this.isBusy;
    this.#takers.add(taker);
    // Wait for the work that the running code adds after this one.
    if (!isRunning) queueMicrotask(this.#turn);
  }

  readonly #turn = (): void => {
    let budget = this.#budget;
    for (const taker of this.#takers) {
      const { sends, isDone } = taker.take(budget);
      this.#takers.delete(taker);
      // The others are next.
      if (!isDone) this.#takers.add(taker);
      budget -= sends;
      if (budget <= 0) break;
    }
    if (this.isBusy) this.#defer(this.#turn);
  };

  get #budget(): number {
    let size = 0;
    for (const taker of this.#takers) {
      size += taker.size;
      // The others cannot change it, and there can be very many rooms.
      if (size * MIN_SENDS >= SPREAD) return MIN_SENDS;
    }
    return SPREAD / size;
  }
}
