/** A clock that a test controls. */

/** How much later than its timeout a deadline expires, in milliseconds. */
export const READING_TIME = 5;

/** Replaces the clock and the timers, which a test then controls. */
export class Clock implements Disposable {
  #now = 1_000;
  readonly #timers = new Map<object, { due: number; callback: () => void }>();
  readonly #restore: () => void;

  constructor() {
    const { setTimeout, clearTimeout } = globalThis;
    const now = performance.now;
    const today = Date.now;
    this.#restore = () => {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      performance.now = now;
      Date.now = today;
    };
    Object.assign(globalThis, {
      setTimeout: (callback: () => void, delay: number) => {
        const timer = { unref: () => {} };
        this.#timers.set(timer, { due: this.#now + delay, callback });
        return timer;
      },
      clearTimeout: (timer: object) => void this.#timers.delete(timer),
    });
    performance.now = () => this.#now;
    Date.now = () => this.#now;
  }

  /** The number of active timers */
  get timers(): number {
    return this.#timers.size;
  }

  /** Advances the clock; timers fire `early` milliseconds too early. */
  pass(milliseconds: number, early = 0): void {
    const end = this.#now + milliseconds;
    while (true) {
      const [next] = [...this.#timers].sort(([, one], [, other]) =>
        one.due - other.due
      );
      if (next === undefined || next[1].due - early > end) break;
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].due - early);
      early = 0;
      next[1].callback();
    }
    this.#now = end;
  }

  /**
   * Advances the clock in small steps, in which the event loop turns, until a promise settles, and
   * by an hour at most.
   */
  async passUntil<Result>(promise: Promise<Result>): Promise<Result> {
    let isSettled = false;
    const onSettled = () => void (isSettled = true);
    promise.then(onSettled, onSettled);
    for (let step = 0; !isSettled; step++) {
      if (step === 3_600_000) throw new Error("The promise has not settled");
      this.pass(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return await promise;
  }

  /** Advances the clock while nothing runs; then timers fire too late. */
  stall(milliseconds: number): void {
    this.#now += milliseconds;
    this.pass(0);
  }

  [Symbol.dispose](): void {
    this.#restore();
  }
}
