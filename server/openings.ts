/**
 * Watches upgrades until their WebSocket opens, because Deno does not report one that never
 * opens.
 *
 * @module
 */

import { TimeoutQueue } from "./scheduler.ts";

/** How long an upgrade usually takes at most, in milliseconds. */
const USUAL_TIME = 250;

/**
 * How long it can take in addition, until it counts as lost, in milliseconds. On a busy
 * machine, an upgrade takes more than a second. Resets cost descriptors until they count.
 */
const EXTRA_TIME = 1_750;

/** A connection whose WebSocket opens. */
export interface Opening {
  /** Whether the WebSocket has not opened yet */
  readonly isOpening: boolean;
  /** Ends the connection without its WebSocket. */
  abandon(): void;
}

/** Watches the upgrades of one server. */
export class Openings {
  readonly #usual: TimeoutQueue<Opening>;
  readonly #late = new TimeoutQueue<Opening>(
    EXTRA_TIME,
    (opening) => opening.isOpening && opening.abandon(),
  );

  /**
   * Constructs `Openings`.
   *
   * @param onLate Called when an upgrade takes longer than usual
   */
  constructor(onLate: () => void) {
    this.#usual = new TimeoutQueue(USUAL_TIME, (opening) => {
      if (!opening.isOpening) return;
      onLate();
      this.#late.add(opening);
    });
  }

  /** Begins to watch a connection. */
  add(opening: Opening): void {
    this.#usual.add(opening);
  }

  /** Stops watching a connection. */
  delete(opening: Opening): void {
    this.#usual.delete(opening);
    this.#late.delete(opening);
  }
}
