/**
 * Spreads work and timeouts of many connections over the event loop.
 *
 * @module
 */

import { Deadline } from "../common/deadline.ts";

/**
 * Many timeouts of the same length that share one timer. A timer for each connection
 * would cost more than its login.
 */
export class TimeoutQueue<Item> {
  readonly #timeout: number;
  readonly #onExpired: (item: Item) => void;
  /** The time at which each item expires, the earliest first */
  readonly #deadlines = new Map<Item, number>();
  #next: Deadline | undefined;

  /**
   * Constructs a `TimeoutQueue`.
   *
   * @param timeout The timeout of each item in milliseconds, or `Infinity` for none
   * @param onExpired Called with each item whose time has expired
   */
  constructor(timeout: number, onExpired: (item: Item) => void) {
    this.#timeout = timeout;
    this.#onExpired = onExpired;
  }

  /** Starts the timeout of an item. */
  add(item: Item): void {
    if (this.#timeout === Infinity) return;
    this.#deadlines.set(item, performance.now() + this.#timeout);
    this.#next ??= this.#start(this.#timeout);
  }

  /** Cancels the timeout of an item. */
  delete(item: Item): void {
    // A timer without items would keep the process alive.
    if (this.#deadlines.delete(item) && this.#deadlines.size === 0) {
      this.#stop();
    }
  }

  #start(delay: number): Deadline {
    return new Deadline(delay, () => this.#expire());
  }

  #stop(): void {
    this.#next?.cancel();
    this.#next = undefined;
  }

  #expire(): void {
    this.#next = undefined;
    const now = performance.now();
    for (const [item, deadline] of this.#deadlines) {
      if (deadline > now) {
        // The item that the timer was started for can be gone for a long time.
        // An item that was added meanwhile can have started the next timer.
        this.#next ??= this.#start(deadline - now);
        return;
      }
      this.#deadlines.delete(item);
      this.#onExpired(item);
    }
  }
}

/** The number of items per turn of the event loop. */
const ITEMS_PER_TURN = 64;

/**
 * Calls a function for each item, with a limited number of calls per turn of the event
 * loop.
 *
 * @param items The items
 * @param callback The function; it must not throw
 */
export async function forEachPerTurn<Item>(
  items: readonly Item[],
  callback: (item: Item) => unknown,
): Promise<void> {
  for (let start = 0; start < items.length; start += ITEMS_PER_TURN) {
    if (start > 0) await new Promise((resolve) => setImmediate(resolve));
    for (const item of items.slice(start, start + ITEMS_PER_TURN)) {
      callback(item);
    }
  }
}

/** The minimum number of queued functions per turn of the event loop. */
const TASKS_PER_TURN = 2;

/** How many turns a function waits at most, because a busy turn can take milliseconds. */
const MAX_TURNS = 8;

/**
 * Runs functions in their order, a few per turn of the event loop. However many there
 * are, other events are handled between them.
 */
export class FairScheduler {
  readonly #defer: (turn: () => void) => void;
  readonly #tasks: (() => void)[] = [];

  /**
   * Constructs a `FairScheduler`.
   *
   * @param defer Calls a function in a later turn of the event loop
   */
  constructor(defer: (turn: () => void) => void) {
    this.#defer = defer;
  }

  /** Adds a function; it must not throw. */
  add(task: () => void): void {
    this.#tasks.push(task);
    if (this.#tasks.length === 1) this.#defer(this.#run);
  }

  readonly #run = (): void => {
    const share = Math.ceil(this.#tasks.length / MAX_TURNS);
    const tasks = this.#tasks.slice(0, Math.max(TASKS_PER_TURN, share));
    for (const task of tasks) task();
    this.#tasks.splice(0, tasks.length);
    if (this.#tasks.length > 0) this.#defer(this.#run);
  };
}
