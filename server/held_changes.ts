/**
 * The changes of the members of a room that a client gets later, after the messages that it
 * missed.
 *
 * @module
 */

/** The maximum length of all frames together, in UTF-16 units: that of a list of members. */
const MAX_UNITS = 262_144;

/** Frames that wait until a client has got the messages that it missed, or a gap. */
export class HeldChanges {
  readonly frames: string[] = [];
  #units = 0;
  #isIncomplete = false;

  /** Whether there were too many, so that the client does not get all of them */
  get isIncomplete(): boolean {
    return this.#isIncomplete;
  }

  /** Adds a frame, if there is space for it. */
  add(frame: string): void {
    this.#units += frame.length;
    if (this.#units <= MAX_UNITS) this.frames.push(frame);
    else this.#isIncomplete = true;
  }
}
