/**
 * The warnings of the client, of which a command prints each only once.
 *
 * @module
 */

import type { ClientLogger } from "../client.ts";

/** How many different lines are printed, because a server can cause any number of them. */
const MAX_LINES = 100;

/** What the client adds to a line after it has omitted others. */
const OMITTED = / \((\d+) earlier lines? w(?:as|ere) omitted\)/;

/** Prints each warning and each error once, and at the end how often they occurred. */
export class Warnings implements ClientLogger, Disposable {
  readonly #print: (line: string) => void;
  readonly #counts = new Map<string, number>();

  /**
   * Constructs `Warnings`.
   *
   * @param print Prints a line
   */
  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Receives a warning. */
  warn(line: string): void {
    this.#add(`warning: ${line}`);
  }

  /** Receives an error. */
  error(line: string): void {
    this.#add(`error: ${line}`);
  }

  /** Prints how often the lines occurred that were printed once. */
  [Symbol.dispose](): void {
    for (const [line, count] of this.#counts) {
      if (count === 1) continue;
      this.#print(`${line} (at least ${count.toLocaleString("en")} times)`);
    }
    this.#counts.clear();
  }

  #add(full: string): void {
    const omitted = Number(OMITTED.exec(full)?.[1] ?? 0);
    const line = full.replace(OMITTED, "");
    const count = this.#counts.get(line);
    if (count === undefined && this.#counts.size >= MAX_LINES) return;
    this.#counts.set(line, (count ?? 0) + 1 + omitted);
    if (count === undefined) this.#print(line);
  }
}
