/**
 * A broker that is far away: it answers and reports later, can lose and repeat what it
 * reports, and can fail. What it stores is recorded.
 *
 * @module
 */

import type {
  Broker,
  BrokerEvents,
  HistoryOptions,
  HistoryRead,
  Order,
  Publication,
  Published,
  PublishOptions,
  ReadFrom,
  ReadOptions,
} from "../../broker/broker.ts";
import { PublishError } from "../../common/hoist_error.ts";
import type { Random } from "../fuzz/random.ts";
import {
  RestorableBroker,
  type RestorableHistory,
} from "../support/restorable_broker.ts";
import type { Setting } from "./settings.ts";
import type { Tasks } from "./tasks.ts";
import type { Truth } from "./truth.ts";

/** What a broker reports, in its order. */
type Report = readonly [room: string | undefined, Publication | undefined];

/** What a broker of the model needs. */
export interface ModelBrokerParts {
  readonly setting: Setting;
  readonly random: Random;
  readonly tasks: Tasks;
  readonly truth: Truth;
  /** The history, which the brokers of several servers share */
  readonly history: RestorableHistory;
}

/** A broker whose network misbehaves. */
export class ModelBroker implements Broker {
  readonly name = "model";
  readonly engine: RestorableBroker;
  readonly #parts: ModelBrokerParts;
  #events: BrokerEvents | undefined;
  readonly #reports: Report[] = [];
  /** Whether no fault happens any more */
  isHealed = false;

  constructor(parts: ModelBrokerParts) {
    this.#parts = parts;
    this.engine = new RestorableBroker(parts.history);
  }

  async start(events: BrokerEvents): Promise<void> {
    this.#events = events;
    await this.engine.start({
      onPublication: (room, publication) => this.#report([room, publication]),
      onStale: (room) => this.#report([room, undefined]),
    });
  }

  async subscribe(room: string): Promise<void> {
    await this.#delay();
    this.#fail("none");
    await this.engine.subscribe(room);
    await this.#delay();
  }

  async unsubscribe(room: string): Promise<void> {
    await this.#delay();
    await this.engine.unsubscribe(room);
  }

  async publish(
    room: string,
    payload: string,
    options: PublishOptions,
  ): Promise<Published> {
    await this.#delay();
    this.#fail("none");
    const published = await this.engine.publish(room, payload, options);
    if (!published.isDuplicate) {
      this.#parts.truth.store(room, payload, published.position);
    }
    await this.#delay();
    this.#fail("unknown");
    return published;
  }

  async read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    await this.#delay();
    this.#fail("none");
    const read = await this.engine.read(room, from, options);
    await this.#delay();
    return read;
  }

  async clear(
    room: string,
    history: HistoryOptions | undefined,
  ): Promise<void> {
    await this.#delay();
    await this.engine.clear(room, history);
  }

  order(a: string, b: string): Order {
    return this.engine.order(a, b);
  }

  /** Reports that publications can be missing, as brokers do regularly. */
  resync(): void {
    this.#events?.onStale(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#events = undefined;
    await this.engine[Symbol.asyncDispose]();
  }

  get #isFaulty(): boolean {
    const { random, setting } = this.#parts;
    return !this.isHealed && random.chance(setting.faults);
  }

  async #delay(): Promise<void> {
    const { setting, random, tasks } = this.#parts;
    if (setting.isRemote && random.chance(0.5)) await tasks.hop();
  }

  #fail(outcome: "none" | "unknown"): void {
    if (this.#isFaulty) throw new PublishError("The broker is down.", outcome);
  }

  #report(report: Report): void {
    const { setting, tasks } = this.#parts;
    if (!setting.isRemote) return this.#pass(report);
    this.#reports.push(report);
    tasks.add(() => this.#pass(this.#reports.shift()!));
  }

  #pass([room, publication]: Report): void {
    if (publication === undefined) return this.#events?.onStale(room);
    // A loss is found with the next publication, or with the next `resync`.
    if (!this.#isFaulty) this.#events?.onPublication(room!, publication);
    const isRepeated = publication.position !== null && this.#isFaulty;
    if (isRepeated) this.#events?.onPublication(room!, publication);
  }
}
