/**
 * What waits its turn, first in, first out.
 *
 * @module
 */

/** How much of an array is left unused before it is made shorter. */
const MAX_SPENT = 1_024;

/**
 * A queue that takes as long for each item, however many there are: what `shift` of an
 * array moves grows with its length.
 */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  /** How many of them were taken. */
  #spent = 0;

  /** How many items there are */
  get size(): number {
    return this.#items.length - this.#spent;
  }

  /** Adds an item behind the others. */
  add(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the item that was added first; `undefined` if there is none. */
  take(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#spent];
    // It may be large, and the array may stay for long.
    this.#items[this.#spent++] = undefined;
    if (this.size === 0) this.clear();
    else if (this.#spent >= MAX_SPENT && this.#spent >= this.size) {
      this.#items = this.#items.slice(this.#spent);
      this.#spent = 0;
    }
    return item;
  }

  /** Drops all items. */
  clear(): void {
    this.#items = [];
    this.#spent = 0;
  }
}
