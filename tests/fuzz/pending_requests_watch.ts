/**
 * Sees into what a server waits for: one that forgets to let go of a request that is
 * over does nothing else wrong, for as long as it has memory.
 *
 * @module
 */

import { PendingRequests } from "../../server/pending_requests.ts";

/** Sees which of all the `PendingRequests` there are was added to. */
export class QuestionWatch {
  #last: PendingRequests | undefined;
  readonly #add = PendingRequests.prototype.add;

  constructor() {
    const add = this.#add;
    const note = (questions: PendingRequests) => this.#last = questions;
    PendingRequests.prototype.add = function (...question) {
      note(this);
      return add.apply(this, question);
    };
  }

  /** Those that were added to since the last time, if any were. */
  take(): PendingRequests | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last;
  }

  /** Looks no longer. */
  stop(): void {
    PendingRequests.prototype.add = this.#add;
  }
}
