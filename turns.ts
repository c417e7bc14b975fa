/**
 * Doing something to many without making everything else wait.
 *
 * @module
 */

/** How many are dealt with in one turn of the event loop. */
const TURN = 64;

/**
 * Does something to each, a few in each turn of the event loop.
 *
 * @param items To whom
 * @param act What; it does not throw
 */
export async function inTurns<Item>(
  items: readonly Item[],
  act: (item: Item) => unknown,
): Promise<void> {
  for (let start = 0; start < items.length; start += TURN) {
    if (start > 0) await new Promise((resolve) => setImmediate(resolve));
    for (const item of items.slice(start, start + TURN)) act(item);
  }
}

/** How many of those that queue have a turn of the event loop together. */
const QUEUED = 2;

/**
 * Gives those that want to go on a turn of the event loop, a few at a time and in their
 * order: however many there are, everything else is heard between them.
 */
export class TurnQueue {
  readonly #defer: (turn: () => void) => void;
  readonly #waiting: (() => void)[] = [];

  /**
   * Constructs a `TurnQueue`.
   *
   * @param defer Calls a function once whatever else is due has had its turn
   */
  constructor(defer: (turn: () => void) => void) {
    this.#defer = defer;
  }

  /** Calls a function when it is its turn; it does not throw. */
  add(turn: () => void): void {
    this.#waiting.push(turn);
    if (this.#waiting.length === 1) this.#defer(this.#next);
  }

  readonly #next = (): void => {
    const turns = this.#waiting.slice(0, QUEUED);
    for (const turn of turns) turn();
    this.#waiting.splice(0, turns.length);
    if (this.#waiting.length > 0) this.#defer(this.#next);
  };
}
