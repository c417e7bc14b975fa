/** One server with its broker over NATS, as tests need it. */

import assert from "node:assert/strict";
import type {
  BrokerEvents,
  HistoryOptions,
  HistoryRead,
  Publication,
  PublicationKey,
  ReadFrom,
} from "../../broker/broker.ts";
import type { EngineState } from "../../broker/cluster.ts";
import type { NatsBroker } from "../../broker/nats_broker.ts";
import type { NatsLink } from "../../broker/nats_link.ts";
import type { NatsOptions } from "../../broker/nats_options.ts";
import type { NatsEngine } from "../../tools/engines/nats.ts";
import { openBroker } from "./nats.ts";
import { until } from "./timing.ts";

/** A broker that has started, and what it has reported. */
export class NatsBench implements BrokerEvents, AsyncDisposable {
  readonly engine: NatsEngine;
  readonly link: NatsLink;
  readonly broker: NatsBroker;
  readonly publications: Publication[] = [];
  readonly stale: (string | undefined)[] = [];
  readonly states: EngineState[] = [];
  readonly errors: Error[] = [];
  history: HistoryOptions = { size: 100, ttl: 600_000, maxBytes: 1_000_000 };

  private constructor(
    engine: NatsEngine,
    options: Partial<NatsOptions>,
    syncInterval: number | undefined,
  ) {
    this.engine = engine;
    const { link, broker } = openBroker(engine, options, syncInterval);
    this.link = link;
    this.broker = broker;
    link.listen((state, error) => {
      this.states.push(state);
      if (error !== undefined) this.errors.push(error);
    });
  }

  static async start(
    engine: NatsEngine,
    options: Partial<NatsOptions> = {},
    syncInterval?: number,
  ): Promise<NatsBench> {
    const bench = new NatsBench(engine, options, syncInterval);
    await bench.broker.start(bench);
    return bench;
  }

  get payloads(): readonly string[] {
    return this.publications.map(({ payload }) => payload);
  }

  onPublication(_room: string, publication: Publication): void {
    this.publications.push(publication);
  }

  onStale(room: string | undefined): void {
    this.stale.push(room);
  }

  async publish(
    room: string,
    payload: string,
    key?: PublicationKey,
  ): Promise<string> {
    const options = { history: this.history, key };
    const { position } = await this.broker.publish(room, payload, options);
    assert(position !== null);
    return position;
  }

  read(room: string, from: ReadFrom = { last: 100 }): Promise<HistoryRead> {
    const limits = { limit: 1_000, maxBytes: 1_000_000 };
    return this.broker.read(room, from, { history: this.history, ...limits });
  }

  payloadsOf({ publications }: HistoryRead): readonly string[] {
    return publications.map(({ payload }) => payload);
  }

  async until(isTrue: () => boolean): Promise<void> {
    await until(isTrue);
  }

  /** Lets the engine end, and waits until the connection is made again. */
  async restartedBy(restart: () => Promise<void>): Promise<void> {
    const count = () => this.states.filter((state) => state === "up").length;
    const before = count();
    await restart();
    await this.until(() => count() > before);
  }

  untilDown(): Promise<void> {
    return this.until(() => !this.link.isUp);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
  }
}
