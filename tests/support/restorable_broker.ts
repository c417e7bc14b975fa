/** Brokers whose history can be restored from an older state, like that of an engine. */

import type {
  BrokerEvents,
  Published,
  PublishOptions,
} from "../../broker/broker.ts";
import { MemoryBroker } from "../../broker/memory_broker.ts";
import { MemoryStore } from "../../broker/memory_store.ts";
import { PassingBroker } from "./passing_broker.ts";

type Publish = readonly [room: string, payload: string, PublishOptions];

/** A history that can lose its newest publications, and the brokers that use it. */
export class RestorableHistory {
  readonly #maxHistory: number;
  readonly #epoch = crypto.randomUUID().slice(0, 8);
  readonly #brokers = new Set<RestorableBroker>();
  readonly #published: Publish[] = [];
  /** The ids of what is stored, which it keeps when it is restored */
  readonly #ids: string[] = [];
  #restored: string[] = [];
  #skipped = 0;
  #store: MemoryStore;

  constructor(maxHistory = 1_000_000) {
    this.#maxHistory = maxHistory;
    this.#store = this.#create();
  }

  /** Opens a broker that uses the history until it is restored. */
  open(): MemoryBroker {
    return new MemoryBroker(this.#store);
  }

  /** Adds a broker, which opens again when the history is restored. */
  add(broker: RestorableBroker): void {
    this.#brokers.add(broker);
  }

  /** Removes a broker. */
  remove(broker: RestorableBroker): void {
    this.#brokers.delete(broker);
  }

  /** Notes what a broker has stored. */
  note(publish: Publish): void {
    this.#published.push(publish);
  }

  /** Puts the clock forward. */
  pass(milliseconds: number): void {
    this.#skipped += milliseconds;
  }

  /**
   * Goes back to the first publications: the epoch is the same, and what comes next gets the
   * offsets of what was lost.
   */
  async restore(count: number): Promise<void> {
    this.#store = this.#create();
    this.#restored = this.#ids.splice(0);
    this.#published.length = count;
    for (const [room, payload, options] of this.#published) {
      this.#store.publish(room, payload, options);
    }
    this.#restored = [];
    await Promise.all(Array.from(this.#brokers, (each) => each.reopen()));
  }

  #create(): MemoryStore {
    return new MemoryStore({
      maxHistory: this.#maxHistory,
      epoch: this.#epoch,
      now: () => performance.now() + this.#skipped,
      createId: () => this.#createId(),
    });
  }

  #createId(): string {
    const id = this.#restored.shift() ?? crypto.randomUUID();
    this.#ids.push(id);
    return id;
  }
}

/** A {@linkcode MemoryBroker} whose history can be restored. */
export class RestorableBroker extends PassingBroker {
  override readonly name = "restorable memory";
  readonly #history: RestorableHistory;
  readonly #subscribed = new Set<string>();
  #events: BrokerEvents | undefined;

  /**
   * Constructs a `RestorableBroker`.
   *
   * @param history The history, which brokers can share
   */
  constructor(history = new RestorableHistory()) {
    super(history.open());
    this.#history = history;
    history.add(this);
  }

  /** Puts the clock of the broker forward. */
  pass(milliseconds: number): void {
    this.#history.pass(milliseconds);
  }

  /** Makes the history lose all but its first publications. */
  restore(count: number): Promise<void> {
    return this.#history.restore(count);
  }

  /** Connects to the history again, after it was restored. */
  async reopen(): Promise<void> {
    const { broker: old } = this;
    this.broker = this.#history.open();
    // Nothing is awaited before all brokers have the new history.
    await Promise.all([
      old[Symbol.asyncDispose](),
      this.#events && this.broker.start(this.#events),
      ...Array.from(this.#subscribed, (room) => this.broker.subscribe(room)),
    ]);
    this.#events?.onStale(undefined);
  }

  override async start(events: BrokerEvents): Promise<void> {
    this.#events = events;
    await super.start(events);
  }

  override async subscribe(room: string): Promise<void> {
    this.#subscribed.add(room);
    await super.subscribe(room);
  }

  override async unsubscribe(room: string): Promise<void> {
    this.#subscribed.delete(room);
    await super.unsubscribe(room);
  }

  override async publish(
    room: string,
    payload: string,
    options: PublishOptions,
  ): Promise<Published> {
    const publish: Publish = [room, payload, options];
    const published = await super.publish(...publish);
    if (!published.isDuplicate) this.#history.note(publish);
    return published;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#history.remove(this);
    await super[Symbol.asyncDispose]();
  }
}
