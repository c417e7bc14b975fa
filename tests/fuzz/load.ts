/**
 * How much one client asks of the server: docs/protocol.md, "Limits".
 *
 * @module
 */

import type { Rules } from "./model.ts";

/** The most that an answer has besides what the client has said, in bytes. */
const ANSWER_LENGTH = 400;

/** What one client has sent, and what may come of it. */
export class Load {
  readonly #rules: Rules;
  /** How many frames were sent, those in batches one by one. */
  #sent = 0;
  /** How much all the answers to them may come to, in bytes. */
  #volume = 0;
  #hasStreams = false;
  /** How many of the frames may not count, as the server has brought them about. */
  #due = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** How many frames were sent, those in batches one by one */
  get sent(): number {
    return this.#sent;
  }

  /** How many frames were sent that count in any case */
  get counted(): number {
    return this.#sent - this.#due;
  }

  /** Another frame is sent. */
  send(): void {
    this.#sent++;
  }

  /** It is about something that is under way, or not any more. */
  control(): void {
    this.#due++;
  }

  /** What answers a payload of some length, in so many frames for each request in it. */
  answer(frames: readonly number[], length: number): void {
    const count = frames.reduce((sum, each) => sum + each, 0);
    this.#volume += count * ANSWER_LENGTH + Math.max(...frames) * length;
  }

  /** A stream is asked for. */
  stream(): void {
    this.#hasStreams = true;
  }

  /** Whether it may have been told that it sends too much */
  get mayBeRefused(): boolean {
    return this.#sent > this.#rules.maxBurst;
  }

  /** Whether it has gone on although it was told that it sends too much */
  get mayBeCutOff(): boolean {
    return this.#sent > 2 * this.#rules.maxBurst;
  }

  /**
   * Whether so much may have waited for it that the server gave up. StreamSource alone never
   * do that: no more than half of what may wait.
   */
  get mayBeSlow(): boolean {
    const { maxBuffered } = this.#rules;
    const room = this.#hasStreams ? maxBuffered / 2 : maxBuffered;
    return this.#volume > room;
  }
}
