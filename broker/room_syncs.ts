/**
 * Lets rooms read their history regularly, each at another time.
 *
 * @module
 */

/** How many times in an interval the rooms that are due are called. */
const STEPS = 20;

/**
 * Calls a function for each room once in an interval. The rooms are spread over the interval, so
 * that they do not read their histories at the same time.
 */
export class RoomSyncs {
  readonly #interval: number;
  readonly #sync: (room: string) => void;
  /** When each room is due, in milliseconds */
  readonly #due = new Map<string, number>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * Constructs `RoomSyncs`.
   *
   * @param interval How often each room is due, in milliseconds; half of it is random
   * @param sync Called with a room that is due; it must not throw
   */
  constructor(interval: number, sync: (room: string) => void) {
    this.#interval = interval;
    this.#sync = sync;
  }

  /** Starts the timer, which does not keep the program alive. */
  start(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#run(), this.#interval / STEPS);
    this.#timer.unref();
  }

  /** Stops the timer and removes all rooms. */
  stop(): void {
    clearInterval(this.#timer);
    this.#due.clear();
  }

  /** Adds a room. */
  add(room: string): void {
    this.#due.set(room, this.#next(performance.now()));
  }

  /** Removes a room. */
  delete(room: string): void {
    this.#due.delete(room);
  }

  #run(): void {
    const now = performance.now();
    for (const [room, due] of this.#due) {
      if (due > now) continue;
      this.#due.set(room, this.#next(now));
      this.#sync(room);
    }
  }

  #next(now: number): number {
    return now + this.#interval * (0.5 + Math.random());
  }
}
