/**
 * Decides when the work of a server runs: after a timeout, again after a failure, or in one of
 * the next turns of the event loop, so that no work delays all others.
 *
 * @module
 */

import { Deadline } from "../common/async.ts";
import { runOutOfScope } from "./call_scope.ts";

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
    return runOutOfScope(() => new Deadline(delay, () => this.#expire()));
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
        // An item that was added meanwhile can have started a timer, which is later.
        this.#stop();
        this.#next = this.#start(deadline - now);
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

/**
 * Lets the requests of one client that wait continue, one after the other. Only the first one checks
 * whether it can, so that a thousand requests of a client that reads nothing cost as little as one.
 */
export class WaitingLine {
  /** Resolves when the last one has passed; `undefined` if none waits */
  #last: Promise<void> | undefined;

  /**
   * Waits behind those that came before, and until this one passes.
   *
   * @param pass Returns whether it passes; must not throw
   * @param pause Resolves when `pass` is called again
   */
  async wait(pass: () => boolean, pause: () => Promise<void>): Promise<void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    if (before !== undefined) await before;
    while (!pass()) await pause();
    if (this.#last === promise) this.#last = undefined;
    resolve();
  }
}

/** Calls a function after a delay. */
export class Retry {
  /** Resolves when the function is called, or will not be called */
  readonly ended: Promise<void>;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #resolve: () => void;

  /**
   * Constructs a `Retry`.
   *
   * @param delay The delay in milliseconds
   * @param run The function
   */
  constructor(delay: number, run: () => void) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#timer = setTimeout(() => {
      resolve();
      run();
    }, delay);
  }

  /** Does not keep the program alive. */
  unref(): void {
    this.#timer.unref();
  }

  /** Does not call the function any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#resolve();
  }
}

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
