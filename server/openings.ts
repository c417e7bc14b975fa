/**
 * Watches the WebSockets of a server until they open. Some never do, and nothing reports it:
 * see `server/upgrades.ts`.
 *
 * @module
 */

import { TimeoutQueue } from "./scheduler.ts";

/** How long an upgrade usually takes at most, in milliseconds. */
const USUAL_TIME = 250;

/**
 * How long it can take in addition, until it counts as lost, in milliseconds. Resets cost
 * descriptors until they count.
 */
const EXTRA_TIME = 1_750;

/**
 * How often the additional time begins again because the event loop was stalled. In a stall,
 * Deno opens no WebSocket.
 */
const MAX_REPEATS = 4;

/** How long the server waits for an upgrade that counts as lost, in milliseconds. */
const LAST_TIME = 8_000;

/** A connection whose WebSocket opens. */
export interface Opening {
  /** Whether the WebSocket has not opened yet */
  readonly isOpening: boolean;
}

/** What happens to the connections. No function throws. */
export interface OpeningEvents<Item> {
  /** Called when an upgrade takes longer than usual. */
  onLate(): void;
  /**
   * Called when an upgrade is probably lost. On a busy machine, it can still open.
   *
   * @returns Whether the server waits for it
   */
  onLost(item: Item): boolean;
  /** Called when the server stops waiting for an upgrade. */
  onAbandoned(item: Item): void;
}

/** The additional time of an upgrade. */
interface Wait {
  /** The length of all stalls when the time began, in milliseconds */
  readonly stalled: number;
  /** How often the time can begin again */
  readonly repeats: number;
}

/** Watches the upgrades of one server. */
export class Openings<Item extends Opening> {
  readonly #events: OpeningEvents<Item>;
  readonly #stalled: () => number;
  readonly #waits = new Map<Item, Wait>();
  readonly #usual = new TimeoutQueue<Item>(USUAL_TIME, (item) => {
    if (!item.isOpening) return;
    this.#events.onLate();
    this.#wait(item, MAX_REPEATS);
  });
  readonly #extra = new TimeoutQueue<Item>(
    EXTRA_TIME,
    (item) => this.#endWait(item),
  );
  readonly #last = new TimeoutQueue<Item>(
    LAST_TIME,
    (item) => item.isOpening && this.#events.onAbandoned(item),
  );

  /**
   * Constructs `Openings`.
   *
   * @param events What happens to the connections
   * @param stalled Returns the length of all stalls of the event loop, in milliseconds
   */
  constructor(events: OpeningEvents<Item>, stalled: () => number) {
    this.#events = events;
    this.#stalled = stalled;
  }

  /** Begins to watch a connection. */
  add(item: Item): void {
    this.#usual.add(item);
  }

  /** Stops watching a connection. */
  delete(item: Item): void {
    this.#waits.delete(item);
    this.#usual.delete(item);
    this.#extra.delete(item);
    this.#last.delete(item);
  }

  #wait(item: Item, repeats: number): void {
    this.#waits.set(item, { stalled: this.#stalled(), repeats });
    this.#extra.add(item);
  }

  #endWait(item: Item): void {
    const { stalled = 0, repeats = 0 } = this.#waits.get(item) ?? {};
    this.#waits.delete(item);
    if (!item.isOpening) return;
    const wasStalled = this.#stalled() > stalled;
    if (wasStalled && repeats > 0) return this.#wait(item, repeats - 1);
    if (this.#events.onLost(item)) this.#last.add(item);
  }
}
