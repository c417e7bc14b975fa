/**
 * Limits how many logins of one network a login function decides at the same time.
 *
 * @module
 */

import { TimeoutQueue } from "./scheduler.ts";

/** The part of an admission that a login queue needs. */
interface FailureCounter {
  /** Returns how many more logins of a network can fail; 0 if it is locked out. */
  failuresLeft(network: string): number;
}

/** The logins of one network. */
interface Line {
  readonly network: string;
  /** The decisions in progress */
  readonly running: Set<Decision>;
  /** Starts the decisions that wait, in their order */
  readonly waiting: Map<object, () => void>;
}

/** A decision in progress. */
interface Decision {
  readonly line: Line;
  /** Called if it takes too long. */
  expire(): void;
}

/**
 * Begins at most as many decisions of a network as it has failures left. If all of them fail,
 * the network is locked out, so that simultaneous guesses do not exceed the limit.
 */
export class LoginQueue {
  readonly #admission: FailureCounter;
  readonly #lines = new Map<string, Line>();
  /** Frees the slots of decisions that take too long */
  readonly #timeouts: TimeoutQueue<Decision>;

  /**
   * Constructs a `LoginQueue`.
   *
   * @param admission Counts the failed logins of each network
   * @param timeout How long a decision occupies its slot at most, in milliseconds
   */
  constructor(admission: FailureCounter, timeout: number) {
    this.#admission = admission;
    this.#timeouts = new TimeoutQueue(timeout, (decision) => {
      decision.expire();
      this.#finish(decision);
    });
  }

  /**
   * Decides about a login when it is its turn.
   *
   * @param network The network that the login comes from
   * @param key Identifies the login for `abandon`
   * @param decide Decides; it must not throw or reject
   * @returns The decision; `"timed out"` if it takes too long
   */
  run<Result>(
    network: string,
    key: object,
    decide: () => Promise<Result>,
  ): Promise<Result | "timed out"> {
    const line = this.#lineOf(network);
    return new Promise((resolve) => {
      const decision = { line, expire: () => resolve("timed out") };
      const start = () => void this.#start(decision, decide).then(resolve);
      line.waiting.set(key, start);
      this.#advance(line);
    });
  }

  /** Removes a login whose client is gone, unless its decision has begun. */
  abandon(network: string, key: object): void {
    const line = this.#lines.get(network);
    if (line?.waiting.delete(key)) this.#advance(line);
  }

  /** Stops all timeouts, because the server is closed. */
  close(): void {
    for (const { running } of this.#lines.values()) {
      for (const decision of running) this.#timeouts.delete(decision);
    }
  }

  #lineOf(network: string): Line {
    const known = this.#lines.get(network);
    if (known !== undefined) return known;
    const line = { network, running: new Set<Decision>(), waiting: new Map() };
    this.#lines.set(network, line);
    return line;
  }

  async #start<Result>(
    decision: Decision,
    decide: () => Promise<Result>,
  ): Promise<Result> {
    decision.line.running.add(decision);
    this.#timeouts.add(decision);
    const result = await decide();
    this.#finish(decision);
    return result;
  }

  #finish(decision: Decision): void {
    this.#timeouts.delete(decision);
    // A decision that takes too long frees its slot before it ends.
    const { line } = decision;
    if (line.running.delete(decision)) this.#advance(line);
  }

  /** Starts the decisions whose turn it is. A network that is locked out starts all. */
  #advance(line: Line): void {
    const { network, running, waiting } = line;
    for (const [key, start] of waiting) {
      const left = this.#admission.failuresLeft(network);
      if (left > 0 && running.size >= left) return;
      waiting.delete(key);
      start();
    }
    if (running.size === 0) this.#lines.delete(network);
  }
}
