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

/** The events of a room, or a gap, that wait until a client has read more. */
export interface SlowTask {
  /** Ends the wait if the client has read enough; returns whether nothing waits any more. */
  tryToFinish(): boolean;
}

/**
 * The tasks that wait until a client has read more, the oldest first. Only the first one checks
 * the buffer, so that a thousand of them cost as little as one.
 */
export class SlowTasks {
  readonly #transport: Pick<RoomTransport, "closed" | "drained">;
  readonly #tasks = new Set<SlowTask>();
  #isRunning = false;

  constructor(transport: Pick<RoomTransport, "closed" | "drained">) {
    this.#transport = transport;
  }

  /** The number of tasks */
  get size(): number {
    return this.#tasks.size;
  }

  /** Adds a task behind all others. */
  add(task: SlowTask): void {
    this.#tasks.add(task);
    if (!this.#isRunning) void this.#run();
  }

  /** Removes a task at once: a client that reads slowly can leave any number of rooms. */
  remove(task: SlowTask): void {
    this.#tasks.delete(task);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#tasks.size > 0) {
      await this.#transport.drained();
      for (const task of this.#tasks) {
        const isOpen = this.#transport.closed === undefined;
        if (isOpen && !task.tryToFinish()) break;
        this.#tasks.delete(task);
      }
    }
    this.#isRunning = false;
  }
}

/** The tasks of all rooms of one client. */
export class SlowRooms {
  /** The length of the events, in UTF-16 units */
  units = 0;
  readonly events: SlowTasks;
  readonly gaps: SlowTasks;

  constructor(transport: Pick<RoomTransport, "closed" | "drained">) {
    this.events = new SlowTasks(transport);
    this.gaps = new SlowTasks(transport);
  }
}

/** The client that reads slowly. */
export interface SlowClient {
  readonly transport: RoomTransport;
  readonly slow: SlowRooms;
}

/** The events of one room that wait for one client, the oldest first. */
export class WaitingEvents implements SlowTask {
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
    client.slow.events.add(this);
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
    this.#client.slow.events.remove(this);
    return events;
  }

  #count(units: number): void {
    this.#units += units;
    this.#client.slow.units += units;
  }

  tryToFinish(): boolean {
    const { transport } = this.#client;
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
