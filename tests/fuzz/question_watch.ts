/**
 * Sees into what a server waits for: one that forgets to let go of a request that is
 * over does nothing else wrong, for as long as it has memory.
 *
 * @module
 */

import { Questions } from "../../server/pending_requests.ts";

/** Sees which of all the `Questions` there are was added to. */
export class QuestionWatch {
  #last: Questions | undefined;
  readonly #add = Questions.prototype.add;

  constructor() {
    const add = this.#add;
    const note = (questions: Questions) => this.#last = questions;
    Questions.prototype.add = function (...question) {
      note(this);
      return add.apply(this, question);
    };
  }

  /** Those that were added to since the last time, if any were. */
  take(): Questions | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last;
  }

  /** Looks no longer. */
  stop(): void {
    Questions.prototype.add = this.#add;
  }
}
