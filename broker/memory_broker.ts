/**
 * The broker of a server without an engine: its history is in the memory of the process.
 *
 * @module
 */

import type {
  Broker,
  BrokerEvents,
  HistoryRead,
  Order,
  Published,
  PublishOptions,
  ReadFrom,
  ReadOptions,
} from "./broker.ts";
import type { MemoryStore, StoreUser } from "./memory_store.ts";
import { orderPositions } from "./position.ts";

/** Connects one server to a {@linkcode MemoryStore}. */
export class MemoryBroker implements Broker {
  readonly name = "memory";
  readonly #store: MemoryStore;
  readonly #rooms = new Set<string>();
  #user: StoreUser | undefined;

  /**
   * Constructs a `MemoryBroker`.
   *
   * @param store Keeps the history. Several brokers can share it
   */
  constructor(store: MemoryStore) {
    this.#store = store;
  }

  start(events: BrokerEvents): Promise<void> {
    this.#user = { rooms: this.#rooms, events };
    this.#store.add(this.#user);
    return Promise.resolve();
  }

  subscribe(room: string): Promise<void> {
    this.#rooms.add(room);
    return Promise.resolve();
  }

  unsubscribe(room: string): Promise<void> {
    this.#rooms.delete(room);
    this.#store.release(room);
    return Promise.resolve();
  }

  // deno-lint-ignore require-await -- an error must reject the promise
  async publish(
    room: string,
    payload: string,
    options: PublishOptions,
  ): Promise<Published> {
    return this.#store.publish(room, payload, options);
  }

  read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    return Promise.resolve(this.#store.read(room, from, options));
  }

  clear(room: string): Promise<void> {
    this.#store.clear(room);
    return Promise.resolve();
  }

  order(a: string, b: string): Order {
    return orderPositions(a, b);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#user !== undefined) this.#store.remove(this.#user);
    return Promise.resolve();
  }
}
