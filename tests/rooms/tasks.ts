/**
 * The event loop of the model: decides in which order deferred functions run.
 *
 * @module
 */

import type { Random } from "../fuzz/random.ts";
import { Violation } from "../fuzz/violation.ts";
import { endOfTick } from "../support/timing.ts";

/** How many tasks can follow from each other. */
const MAX_TASKS = 10_000;

/** Functions that run later, in a random order. */
export class Tasks {
  readonly #random: Random;
  #tasks: (() => void)[] = [];
  /** What polls, which would otherwise never end */
  #polls: (() => void)[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  get isEmpty(): boolean {
    return this.#tasks.length + this.#polls.length === 0;
  }

  readonly add = (task: () => void): void => void this.#tasks.push(task);

  /** Resolves in one of the next turns. */
  hop(): Promise<void> {
    return new Promise((resolve) => this.add(resolve));
  }

  /** Resolves at the next poll. */
  poll(): Promise<void> {
    return new Promise((resolve) => void this.#polls.push(resolve));
  }

  /** Runs a random task, or polls. */
  runOne(): void {
    if (this.#tasks.length === 0) return this.runPolls();
    const index = this.#random.below(this.#tasks.length);
    const [task] = this.#tasks.splice(index, 1);
    task!();
  }

  runPolls(): void {
    for (const poll of this.#polls.splice(0)) poll();
  }

  /** Runs everything but polls, and what follows from it. */
  async settle(): Promise<void> {
    await endOfTick();
    for (let n = 0; this.#tasks.length > 0; n++) {
      if (n > MAX_TASKS) throw new Violation("the tasks never end");
      this.runOne();
      await endOfTick();
    }
  }
}
