/**
 * Connects a server to its engine, and tries again until it succeeds.
 *
 * @module
 */

import { HoistError } from "../common/hoist_error.ts";
import { Retry } from "./scheduler.ts";

/** The delay before the next attempt, in milliseconds. */
const DELAY = { min: 100, max: 10_000 };

/** Runs steps in their order, each of them until it succeeds. */
export class NodeStart {
  readonly #onFailure: (error: unknown) => void;
  readonly #finishing = Promise.withResolvers<void>();
  #attempt: Promise<void> = Promise.resolve();
  #retry: Retry | undefined;
  #failures = 0;
  #isDone = false;
  #isEnded = false;

  /**
   * Constructs a `NodeStart`.
   *
   * @param onFailure Called after each attempt that failed
   */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Whether all steps have succeeded */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Resolves when all steps have succeeded, or are not tried again; never rejects */
  get done(): Promise<void> {
    return this.#finishing.promise;
  }

  /** The current attempt, or the last one; it rejects if a step failed */
  get attempt(): Promise<void> {
    return this.#attempt;
  }

  /** Begins. */
  run(steps: readonly (() => Promise<void>)[]): void {
    this.#attempt = this.#try([...steps]);
    // The messages of the application report it, and the log.
    this.#attempt.catch(() => {});
  }

  /** Does not try again. */
  end(): void {
    this.#isEnded = true;
    this.#retry?.end();
    this.#finishing.resolve();
  }

  async #try(steps: (() => Promise<void>)[]): Promise<void> {
    try {
      while (steps[0] !== undefined) {
        if (this.#isEnded) throw new HoistError("The server is closed.");
        await steps[0]();
        steps.shift();
      }
      this.#isDone = true;
      this.#finishing.resolve();
    } catch (error) {
      if (!this.#isEnded) this.#tryLater(steps, error);
      throw error;
    }
  }

  #tryLater(steps: (() => Promise<void>)[], error: unknown): void {
    const delay = Math.min(DELAY.max, DELAY.min * 2 ** this.#failures++);
    // A random part, so that not all servers try at once.
    const wait = delay * (0.5 + Math.random());
    this.#retry = new Retry(wait, () => this.run(steps));
    this.#onFailure(error);
  }
}
