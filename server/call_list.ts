/**
 * The calls of one client in the order in which they began.
 *
 * @module
 */

/** A call that can be in a list. Only the list uses its neighbours. */
export interface ListedCall<Call> {
  /** The number of the request */
  readonly id: number;
  older: Call | undefined;
  newer: Call | undefined;
}

/**
 * The calls of one client. A `Map` would cost every request 0.5 µs, and few are ever looked
 * up. `limits.maxPending` bounds the length.
 */
export class CallList<Call extends ListedCall<Call>> {
  #newest: Call | undefined;

  /** Adds a call, which must not be in a list. */
  add(call: Call): void {
    const older = this.#newest;
    call.older = older;
    if (older !== undefined) older.newer = call;
    this.#newest = call;
  }

  /** Removes a call. Does nothing if it is not in the list. */
  delete(call: Call): void {
    const { newer, older } = call;
    if (newer !== undefined) newer.older = older;
    else if (this.#newest === call) this.#newest = older;
    else return;
    if (older !== undefined) older.newer = newer;
    // The call can be kept in memory, and must not keep others.
    call.newer = undefined;
    call.older = undefined;
  }

  /** Returns the newest call with an id. */
  find(id: number): Call | undefined {
    let call = this.#newest;
    while (call !== undefined && call.id !== id) call = call.older;
    return call;
  }
}
