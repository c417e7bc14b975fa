/** A broker that passes everything on to another one, so that a test can change a part of it. */

import type {
  Broker,
  BrokerEvents,
  HistoryOptions,
  HistoryRead,
  Order,
  Published,
  PublishOptions,
  ReadFrom,
  ReadOptions,
} from "../../broker/broker.ts";

/** A broker that does what another one does. */
export class PassingBroker implements Broker {
  readonly name: string = "passing";
  /** The other broker, which can be replaced */
  protected broker: Broker;

  constructor(broker: Broker) {
    this.broker = broker;
  }

  define(history: HistoryOptions): void {
    this.broker.define?.(history);
  }

  start(events: BrokerEvents): Promise<void> {
    return this.broker.start(events);
  }

  subscribe(room: string): Promise<void> {
    return this.broker.subscribe(room);
  }

  unsubscribe(room: string): Promise<void> {
    return this.broker.unsubscribe(room);
  }

  publish(
    room: string,
    payload: string,
    options: PublishOptions,
  ): Promise<Published> {
    return this.broker.publish(room, payload, options);
  }

  read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    return this.broker.read(room, from, options);
  }

  clear(room: string, history: HistoryOptions | undefined): Promise<void> {
    return this.broker.clear(room, history);
  }

  order(a: string, b: string): Order {
    return this.broker.order(a, b);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
  }
}
