/**
 * Doing something to many without making everything else wait.
 *
 * @module
 */

/** What is told when its time is up. */
export interface Expiring {
  /** The time is up. */
  expire(): void;
}

/**
 * The deadlines of things that each have the same time. A timer for each of them
 * would cost a connection more than its login does.
 */
export class TimeoutQueue<Thing extends Expiring> {
  readonly #timeout: number;
  /** When each is due, in the order in which they are. */
  readonly #due = new Map<Thing, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Constructs `TimeoutQueue`.
   *
   * @param timeout The time of each thing, in milliseconds; it may be `Infinity`
   */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** Starts the clock of something. */
  add(thing: Thing): void {
    // A timer would be up at once.
    if (this.#timeout === Infinity) return;
    this.#due.set(thing, performance.now() + this.#timeout);
    this.#timer ??= this.#start(this.#timeout);
  }

  /** Something is done, or does not matter any more. */
  delete(thing: Thing): void {
    // Nothing is left behind that would keep the process from ending.
    if (this.#due.delete(thing) && this.#due.size === 0) this.#stop();
  }

  #start(delay: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#expire(), delay);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [thing, due] of this.#due) {
      if (due > now) {
        // The one that the timer was started for may be done since long ago.
        this.#timer = this.#start(due - now);
        return;
      }
      this.#due.delete(thing);
      thing.expire();
    }
  }
}

/** How many are dealt with in one turn of the event loop. */
const TURN = 64;

/**
 * Does something to each, a few in each turn of the event loop.
 *
 * @param items To whom
 * @param act What; it does not throw
 */
export async function forEachInBatches<Item>(
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
export class FairScheduler {
  readonly #defer: (turn: () => void) => void;
  readonly #waiting: (() => void)[] = [];

  /**
   * Constructs a `FairScheduler`.
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
