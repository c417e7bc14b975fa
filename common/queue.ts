/**
 * A queue of any length.
 *
 * @module
 */

/** How many unused places an array has before it is made shorter. */
const MAX_UNUSED = 1_024;

/**
 * A queue whose operations take constant time on average. `shift` of an array moves all
 * items, which is slow for long arrays.
 */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  /** How many items at the start of the array were removed. */
  #removed = 0;

  /** The number of items */
  get size(): number {
    return this.#items.length - this.#removed;
  }

  /** Appends an item. */
  add(item: Item): void {
    this.#items.push(item);
  }

  /** Removes and returns the first item; `undefined` if there is none. */
  remove(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#removed];
    // The item can be large, and the array can stay for long.
    this.#items[this.#removed++] = undefined;
    if (this.size === 0) this.clear();
    else if (this.#removed >= MAX_UNUSED && this.#removed >= this.size) {
      this.#items = this.#items.slice(this.#removed);
      this.#removed = 0;
    }
    return item;
  }

  /** Removes all items. */
  clear(): void {
    this.#items = [];
    this.#removed = 0;
  }
}
