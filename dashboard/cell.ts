/**
 * Values that components show, and that change without them.
 *
 * @module
 */

/** A value with listeners. */
export class Cell<Value> {
  #value: Value;
  readonly #listeners = new Set<() => void>();

  /** Constructs a `Cell` with its first value. */
  constructor(value: Value) {
    this.#value = value;
  }

  /** The current value. Setting it calls the listeners. */
  get value(): Value {
    return this.#value;
  }

  set value(value: Value) {
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls a listener after each change; returns a function that removes it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
