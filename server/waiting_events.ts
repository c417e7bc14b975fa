/**
 * What a room keeps for one of its clients: the events that wait until a slow client has
 * read more, and the changes of the members that follow the messages that the client
 * missed.
 *
 * @module
 */

import { changedConnections } from "../protocol/success_frames.ts";
import type { HeldBroadcast } from "./broadcaster.ts";
import type { RoomTransport } from "./connection_rooms.ts";
import { WaitingLine } from "./scheduler.ts";

/** What waits for one client in all of its rooms, until it has read more. */
export class SlowRooms {
  /** The length of the events, in UTF-16 units */
  units = 0;
  readonly events: WaitingLine = new WaitingLine();
  readonly gaps: WaitingLine = new WaitingLine();
}

/** The client that reads slowly. */
export interface SlowClient {
  readonly transport: RoomTransport;
  readonly slow: SlowRooms;
}

/** The events of one room that wait for one client, the oldest first. */
export class WaitingEvents {
  readonly #client: SlowClient;
  readonly #flush: () => void;
  /** The events by their latest keys; by themselves if none replaces them */
  readonly #events = new Map<unknown, HeldBroadcast>();
  #units = 0;
  #isTaken = false;

  /**
   * Constructs `WaitingEvents`.
   *
   * @param client The client
   * @param flush Takes the events and sends them. Called when the client has read enough
   */
  constructor(client: SlowClient, flush: () => void) {
    this.#client = client;
    this.#flush = flush;
    void this.#flushLater();
  }

  /** The length of the events, in UTF-16 units */
  get units(): number {
    return this.#units;
  }

  /** Returns the length of the event that a newer one with a key would replace. */
  replacedBy(latest: string | undefined): number {
    const event = latest === undefined ? undefined : this.#events.get(latest);
    return event?.frame.length ?? 0;
  }

  /** Adds an event behind all others. It replaces the one with the same key. */
  add(event: HeldBroadcast): void {
    const key = event.latest ?? event;
    const replaced = this.#events.get(key);
    // The newer event has the later position, so it takes no place of an earlier one.
    this.#events.delete(key);
    this.#events.set(key, event);
    this.#count(event.frame.length - (replaced?.frame.length ?? 0));
    replaced?.settle("replaced");
  }

  /** Removes all events, and returns them. */
  take(): readonly HeldBroadcast[] {
    const events = [...this.#events.values()];
    this.#events.clear();
    this.#count(-this.#units);
    this.#isTaken = true;
    return events;
  }

  #count(units: number): void {
    this.#units += units;
    this.#client.slow.units += units;
  }

  async #flushLater(): Promise<void> {
    const { transport, slow } = this.#client;
    const pause = () => transport.drained();
    await pause();
    await slow.events.wait(() => this.#tryFlush(), pause);
  }

  /** Sends the events if the client has read enough; returns whether none wait any more. */
  #tryFlush(): boolean {
    const { transport } = this.#client;
    if (this.#isTaken || transport.closed !== undefined) return true;
    // All at once: otherwise an event that is often replaced would never be the first.
    if (!transport.hasCapacity(this.#units)) return false;
    // The check can have sent the events, before newer ones.
    if (!this.#isTaken) this.#flush();
    return true;
  }
}

/** The maximum number of connections that have changed. */
const MAX_CONNECTIONS = 4_096;

/**
 * The connections that have changed until a client has got the messages that it missed, or a
 * gap. The client then gets only how they are, however often they have changed.
 */
export class HeldChanges {
  readonly connections = new Set<string>();

  /** Whether there were too many, so that the client cannot get all of them */
  get isIncomplete(): boolean {
    return this.connections.size > MAX_CONNECTIONS;
  }

  /** Adds the connections that a frame is about. */
  add(frame: string): void {
    for (const connection of changesIn(frame)) {
      if (this.isIncomplete) return;
      this.connections.add(connection);
    }
  }
}

let last: { readonly frame: string; readonly connections: readonly string[] } =
  { frame: "", connections: [] };

/** Returns the connections that a frame is about. Many clients can get the same frame. */
function changesIn(frame: string): readonly string[] {
  if (last.frame !== frame) {
    last = { frame, connections: changedConnections(frame) };
  }
  return last.connections;
}
