/**
 * The messages of a room that arrive before the application can receive them.
 *
 * @module
 */

import type { RoomMessage } from "./room_message.ts";

/** Keeps messages and gaps, in their order, until the first listener is registered. */
export class EarlyEvents {
  readonly #max: number;
  readonly #onLost: () => void;
  #isKeeping = false;
  #events: (() => void)[] = [];
  /** The length of the messages, in UTF-16 units */
  #units = 0;
  #hasLost = false;

  /**
   * Constructs `EarlyEvents`, which keep nothing before `start` is called.
   *
   * @param max The maximum length of the messages, in UTF-16 units
   * @param onLost Called in place of the messages if they are longer together
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
    if (!this.#isKeeping) return deliver();
    if (this.#hasLost) return;
    this.#units += lengthOf(message);
    if (this.#units > this.#max) return this.#drop();
    this.#events.push(deliver);
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
    if (waits) this.#events.push(deliver);
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

  /** The application never learns about the single messages, but about the gap. */
  #drop(): void {
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
