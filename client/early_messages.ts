/**
 * The messages that arrive before the server has answered the login.
 *
 * @module
 */

import type { ServerFrame } from "../protocol/server_frames.ts";

/**
 * Keeps messages until the server has answered the login. If it never does, they are dropped
 * together with the link: a server that rejects each login cannot fill the memory.
 */
export class EarlyMessages {
  readonly #maxLength: number;
  readonly #frames: ServerFrame[] = [];
  #length = 0;

  /**
   * Constructs `EarlyMessages`.
   *
   * @param maxLength The maximum length of all frames, in UTF-16 units
   */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /**
   * Counts a frame of any kind.
   *
   * @param length The length of the frame, in UTF-16 units
   * @returns Whether the frames so far are short enough
   */
  accepts(length: number): boolean {
    this.#length += length;
    return this.#length <= this.#maxLength;
  }

  /** Keeps a frame, if it contains a message for the listeners. */
  add(frame: ServerFrame): void {
    if (frame.kind === "message" || frame.kind === "request") {
      this.#frames.push(frame);
    }
  }

  /** Returns the frames that were kept, in their order. */
  take(): readonly ServerFrame[] {
    return this.#frames.splice(0);
  }
}
