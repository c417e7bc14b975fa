/** A broker whose history can be restored from an older state, like that of an engine. */

import { MemoryBroker } from "../../broker/memory.ts";
import type {
  Broker,
  BrokerEvents,
  HistoryRead,
  Order,
  Published,
  PublishOptions,
  ReadFrom,
  ReadOptions,
} from "../../broker/broker.ts";

type Publish = readonly [room: string, payload: string, PublishOptions];

/** A {@linkcode MemoryBroker} that can lose its newest publications. */
export class RestorableBroker implements Broker {
  readonly name = "restorable memory";
  readonly #epoch = crypto.randomUUID().slice(0, 8);
  readonly #maxHistory: number;
  readonly #published: Publish[] = [];
  readonly #subscribed = new Set<string>();
  /** How far the clock has been put forward, in milliseconds */
  #skipped = 0;
  #broker: MemoryBroker;
  #events: BrokerEvents | undefined;

  constructor(maxHistory = 1_000_000) {
    this.#maxHistory = maxHistory;
    this.#broker = this.#create();
  }

  /** Puts the clock of the broker forward. */
  pass(milliseconds: number): void {
    this.#skipped += milliseconds;
  }

  /**
   * Goes back to the first publications: the epoch is the same, and what comes next gets the
   * offsets of what was lost.
   */
  async restore(count: number): Promise<void> {
    await this.#broker[Symbol.asyncDispose]();
    this.#broker = this.#create();
    for (const [room, payload, options] of this.#published.slice(0, count)) {
      await this.#broker.publish(room, payload, options);
    }
    this.#published.length = count;
    if (this.#events !== undefined) await this.#broker.start(this.#events);
    for (const room of this.#subscribed) await this.#broker.subscribe(room);
    this.#events?.onStale(undefined);
  }

  async start(events: BrokerEvents): Promise<void> {
    this.#events = events;
    await this.#broker.start(events);
  }

  async subscribe(room: string): Promise<void> {
    this.#subscribed.add(room);
    await this.#broker.subscribe(room);
  }

  async unsubscribe(room: string): Promise<void> {
    this.#subscribed.delete(room);
    await this.#broker.unsubscribe(room);
  }

  async publish(
    room: string,
    payload: string,
    options: PublishOptions,
  ): Promise<Published> {
    // The key, and so the check, is the same when the publication is restored.
    const key = options.key ??
      { publisher: "", key: crypto.randomUUID(), isRepeated: false };
    const publish: Publish = [room, payload, { ...options, key }];
    const published = await this.#broker.publish(...publish);
    if (!published.isDuplicate) this.#published.push(publish);
    return published;
  }

  read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    return this.#broker.read(room, from, options);
  }

  clear(room: string): Promise<void> {
    return this.#broker.clear(room);
  }

  order(a: string, b: string): Order {
    return this.#broker.order(a, b);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#broker[Symbol.asyncDispose]();
  }

  #create(): MemoryBroker {
    return new MemoryBroker({
      maxHistory: this.#maxHistory,
      epoch: this.#epoch,
      now: () => performance.now() + this.#skipped,
    });
  }
}
