/**
 * The frames of one client that wait until `onConnect` has finished.
 *
 * @module
 */

/** The number of frames that are handled per turn of the event loop. */
const FRAMES_PER_TURN = 64;

/** The frames of one client that wait until `onConnect` has finished. */
export class HeldFrames {
  readonly #onEmpty: () => void;
  #frames: (() => void)[] = [];
  /** The number of frames about other requests, which no limit for requests counts */
  #controls = 0;

  /**
   * Constructs a `HeldFrames`.
   *
   * @param onEmpty Called after `release()`, when no frame waits any more
   */
  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  /**
   * Keeps a request.
   *
   * @param handle Handles the request; it must not throw
   */
  add(handle: () => void): void {
    this.#frames.push(handle);
  }

  /**
   * Keeps a frame about another request, such as `cancel`.
   *
   * @param handle Handles the frame; it must not throw
   * @param limit How many such frames can wait
   * @returns Whether the frame waits; if not, there are too many
   */
  addControl(handle: () => void, limit: number): boolean {
    if (this.#controls >= limit) return false;
    this.#controls++;
    this.add(handle);
    return true;
  }

  /** Handles the frames in their order, and those that arrive before the last one. */
  release(): void {
    // A request can close the connection, and so drop the others.
    for (let n = 0; n < FRAMES_PER_TURN; n++) this.#frames.shift()?.();
    if (this.#frames.length === 0) return this.#onEmpty();
    // Other clients get their turns between the frames of this one.
    setImmediate(() => this.release());
  }

  /** Drops the frames, because the connection has ended. */
  clear(): void {
    this.#frames = [];
  }
}
