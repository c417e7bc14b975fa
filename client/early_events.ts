/**
 * The messages of a room that arrive before the application can receive them.
 *
 * @module
 */

import type { RoomMessage } from "./room_message.ts";

/** What a gap counts, in UTF-16 units. */
const GAP_LENGTH = 100;

/** Keeps messages and gaps, in their order, until the first listener is registered. */
export class EarlyEvents {
  readonly #max: number;
  readonly #onLost: () => void;
  #isKeeping = false;
  #events: (() => void)[] = [];
  /** The length of the messages and gaps, in UTF-16 units */
  #units = 0;
  #hasLost = false;

  /**
   * Constructs `EarlyEvents`, which keep nothing before `start` is called.
   *
   * @param max The maximum length of what is kept, in UTF-16 units
   * @param onLost Called in place of the messages and gaps if they are longer together
   */
  constructor(max: number, onLost: () => void) {
    this.#max = max;
    this.#onLost = onLost;
  }

  /** Whether messages wait for a listener */
  get isKeeping(): boolean {
    return this.#isKeeping;
  }

  /** Keeps what arrives from now on. */
  start(): void {
    this.#isKeeping = true;
  }

  /** Delivers a message, now or when a listener is registered. */
  add(message: RoomMessage, deliver: () => void): void {
    if (!this.#isKeeping) deliver();
    else if (!this.#hasLost) this.#keep(lengthOf(message), deliver);
  }

  /**
   * Delivers a gap, behind the messages that wait.
   *
   * @param deliver Delivers the gap
   * @param isHeard Whether a callback reports the gap; otherwise it waits for one
   */
  addGap(deliver: () => void, isHeard: boolean): void {
    if (this.#hasLost) return;
    const waits = this.#events.length > 0 || this.#isKeeping && !isHeard;
    if (waits) this.#keep(GAP_LENGTH, deliver);
    else deliver();
  }

  /** Delivers what was kept, and from now on everything at once. */
  stop(): void {
    const events = this.#hasLost ? [this.#onLost] : this.#events;
    this.clear();
    for (const deliver of events) deliver();
  }

  /** Forgets what was kept. */
  clear(): void {
    this.#isKeeping = false;
    this.#hasLost = false;
    this.#events = [];
    this.#units = 0;
  }

  /** Beyond the maximum, the application learns about one gap in place of all events. */
  #keep(units: number, deliver: () => void): void {
    this.#units += units;
    if (this.#units <= this.#max) return void this.#events.push(deliver);
    this.#hasLost = true;
    this.#events = [];
  }
}

/** Returns the length of a message; a huge one if it is nested too deeply to measure it. */
function lengthOf(message: RoomMessage): number {
  try {
    return JSON.stringify(message).length;
  } catch {
    return Infinity;
  }
}
