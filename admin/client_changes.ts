/**
 * The stream of the clients of a server: those that are connected, and how they change.
 *
 * @module
 */

import type { Client } from "../server/message.ts";
import type { AdminHost, AdminView } from "./host.ts";
import type { Lifetime } from "./lifetime.ts";
import type { AdminClient, AdminClientsChange } from "./types.ts";

/** How long changes are collected by default, in milliseconds. */
const INTERVAL = 1_000;

/** How many entries one item has at most. */
const MAX_ENTRIES = 100;

/** The length of the longest entry, in bytes, roughly. */
const MAX_ENTRY_BYTES = 3_000;

/** How many clients are compared in one turn of the event loop. */
const PER_TURN = 500;

/** What the reader knows of a client. */
interface Known {
  readonly shown: AdminClient;
  /** The number of the last round in which the client was connected */
  readonly round: number;
}

/** Compares the clients of a server with those that one reader knows. */
export class ClientChanges {
  readonly #host: AdminHost;
  readonly #view: AdminView;
  readonly #maxEntries: number;
  readonly #known = new Map<number, Known>();
  #round = 0;
  #batch = new Batch();
  #isComplete = false;

  /**
   * Constructs `ClientChanges` for a reader that knows no client.
   *
   * @param host The server
   * @param view Shows its clients
   */
  constructor(host: AdminHost, view: AdminView) {
    this.#host = host;
    this.#view = view;
    const { maxBuffered } = host.context.limits;
    const fitting = Math.floor(maxBuffered / 2 / MAX_ENTRY_BYTES);
    this.#maxEntries = Math.min(MAX_ENTRIES, Math.max(1, fitting));
  }

  /**
   * Yields the changes until the stream ends. While the reader is slow, nothing is compared,
   * and the next round finds all changes at once.
   *
   * @param lifetime The time until the stream ends
   * @param interval The time between two rounds, in milliseconds
   */
  async *items(
    lifetime: Lifetime,
    interval = INTERVAL,
  ): AsyncGenerator<AdminClientsChange, void, void> {
    while (lifetime.goesOn()) {
      yield* this.#compare(lifetime.client);
      await lifetime.wait(interval);
    }
  }

  async *#compare(
    reader: Client,
  ): AsyncGenerator<AdminClientsChange, void, void> {
    const round = ++this.#round;
    let compared = 0;
    // A live iterator would keep all clients that leave while the reader is slow.
    for (const client of [...this.#host.clients]) {
      this.#note(this.#view.client(client, reader), round);
      if (this.#isFull) yield this.#take();
      if (++compared % PER_TURN === 0) await nextTurn();
    }
    for (const [id, known] of this.#known) {
      if (known.round === round) continue;
      this.#known.delete(id);
      this.#batch.left.push(id);
      if (this.#isFull) yield this.#take();
    }
    const isNews = !this.#isComplete;
    this.#isComplete = true;
    if (isNews || this.#batch.size > 0) yield this.#take();
  }

  #note(shown: AdminClient | undefined, round: number): void {
    if (shown === undefined) return;
    const known = this.#known.get(shown.id);
    this.#known.set(shown.id, { shown, round });
    if (known === undefined) this.#batch.joined.push(shown);
    else if (isChanged(known.shown, shown)) this.#batch.changed.push(shown);
  }

  get #isFull(): boolean {
    return this.#batch.size >= this.#maxEntries;
  }

  #take(): AdminClientsChange {
    const { joined, changed, left } = this.#batch;
    this.#batch = new Batch();
    const count = this.#host.clients.size;
    return { joined, changed, left, count, isComplete: this.#isComplete };
  }
}

/** The entries of the next item. */
class Batch {
  readonly joined: AdminClient[] = [];
  readonly changed: AdminClient[] = [];
  readonly left: number[] = [];

  /** The number of entries */
  get size(): number {
    return this.joined.length + this.changed.length + this.left.length;
  }
}

/** Whether a field is different. */
function isChanged(before: AdminClient, now: AdminClient): boolean {
  // A loop without an array, because it runs for all clients in each round.
  for (const key in now) {
    const field = key as keyof AdminClient;
    if (before[field] !== now[field]) return true;
  }
  return false;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
