/**
 * The newest entries of a list that grows all the time.
 *
 * @module
 */

import { Cell } from "./cell.ts";

/** How many entries a list keeps. */
const LENGTH = 2_000;

/** An entry with a number, which is its key. */
export type Entry<Value> = Value & { readonly key: number };

/** Keeps the newest entries. While it is paused, it shows the same ones. */
export class Tail<Value extends object> {
  /** A number that grows with each change */
  readonly changes: Cell<number> = new Cell(0);
  #entries: readonly Entry<Value>[] = [];
  #shown: readonly Entry<Value>[] | undefined;
  #count = 0;
  #countShown = 0;
  #isScheduled = false;
  /** How many entries were lost before they reached the page */
  dropped = 0;

  /** The entries to show, the newest first. */
  get entries(): readonly Entry<Value>[] {
    return this.#shown ?? this.#entries;
  }

  /** Whether the list is paused. */
  get isPaused(): boolean {
    return this.#shown !== undefined;
  }

  /** How many entries have arrived since the list was paused. */
  get missed(): number {
    return this.#shown === undefined ? 0 : this.#count - this.#countShown;
  }

  /** Adds entries, the oldest first. */
  add(values: readonly Value[], dropped: number): void {
    const added = values.map((value) => ({ ...value, key: ++this.#count }))
      .reverse();
    this.#entries = [...added, ...this.#entries].slice(0, LENGTH);
    this.dropped += dropped;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() => {
      this.#isScheduled = false;
      this.changes.value++;
    }, 100);
  }

  /** Pauses or continues. */
  pause(isPaused: boolean): void {
    this.#shown = isPaused ? this.#entries : undefined;
    this.#countShown = this.#count;
    this.changes.value++;
  }

  /** Removes all entries. */
  clear(): void {
    this.#entries = [];
    this.#shown &&= [];
    this.#countShown = this.#count;
    this.dropped = 0;
    this.changes.value++;
  }
}
