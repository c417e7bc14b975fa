/** A clock that a test controls. */

/** How much later than its timeout a deadline expires, in milliseconds. */
export const READING_TIME = 5;

/** Replaces the clock and the timers, which a test then controls. */
export class Clock implements Disposable {
  #now = 1_000;
  #lastId = 0;
  readonly #timers = new Map<number, { due: number; callback: () => void }>();
  readonly #restore: () => void;

  constructor() {
    const { setTimeout, clearTimeout } = globalThis;
    const now = performance.now;
    this.#restore = () => {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      performance.now = now;
    };
    Object.assign(globalThis, {
      setTimeout: (callback: () => void, delay: number) => {
        this.#timers.set(++this.#lastId, { due: this.#now + delay, callback });
        return this.#lastId;
      },
      clearTimeout: (id: number) => void this.#timers.delete(id),
    });
    performance.now = () => this.#now;
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

  /** Advances the clock while nothing runs; then timers fire too late. */
  stall(milliseconds: number): void {
    this.#now += milliseconds;
    this.pass(0);
  }

  [Symbol.dispose](): void {
    this.#restore();
  }
}
