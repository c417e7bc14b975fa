/**
 * Watches the pending requests of a server. A server that keeps finished requests leaks
 * memory and shows no other symptom.
 *
 * @module
 */

import { PendingRequests } from "../../server/outgoing.ts";

/** Records the `PendingRequests` to which a request was added last. */
export class PendingRequestsWatch {
  #last: PendingRequests | undefined;
  readonly #add = PendingRequests.prototype.add;

  constructor() {
    const add = this.#add;
    const note = (models: PendingRequests) => this.#last = models;
    PendingRequests.prototype.add = function (...request) {
      note(this);
      return add.apply(this, request);
    };
  }

  /** Returns the `PendingRequests` that changed since the last call, if any. */
  take(): PendingRequests | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last;
  }

  /** Stops watching. */
  stop(): void {
    PendingRequests.prototype.add = this.#add;
  }
}
