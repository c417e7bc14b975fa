/**
 * The server of the model with its clients. Everything but the network and the clock is real.
 *
 * @module
 */

import type { Broker } from "../../broker/broker.ts";
import type { CloseInfo } from "../../protocol/close.ts";
import { PublishError } from "../../common/publish_error.ts";
import { ConnectionLog, StrangerLines } from "../../server/connection_log.ts";
import { Log } from "../../server/log.ts";
import type { Client } from "../../server/message.ts";
import { Room } from "../../server/room.ts";
import { RoomClients } from "../../server/room_clients.ts";
import type { RoomRights } from "../../server/room_options.ts";
import { Rooms } from "../../server/rooms.ts";
import { FairScheduler } from "../../server/scheduler.ts";
import { Turns } from "../../server/turns.ts";
import type { Random } from "../fuzz/random.ts";
import { Clock } from "../support/clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import type { ModelClient } from "./client.ts";
import { FakeTransport } from "./fake_transport.ts";
import { ModelBroker } from "./model_broker.ts";
import type { Setting } from "./settings.ts";
import { Tasks } from "./tasks.ts";
import { fail, Truth } from "./truth.ts";

/** Damages a part of the server, so that a test sees that the model notices it. */
export interface Damage {
  broker?(broker: Broker): Broker;
  rooms?(rooms: Rooms): void;
}

/** The rooms of the model. The last one keeps no history. */
export const ROOMS = ["chat:1", "chat:2", "live:1"] as const;

/** A server, which can restart. */
export class World implements Disposable {
  readonly setting: Setting;
  readonly random: Random;
  readonly clock = new Clock();
  readonly #random = Math.random;
  readonly tasks: Tasks;
  readonly truth = new Truth();
  /** The number of starts of the server */
  life = 0;
  broker!: ModelBroker;
  rooms!: Rooms;
  clients!: RoomClients;
  readonly #logger = new LogRecorder();
  readonly #log = new Log({ logger: this.#logger, logLevel: "error" });
  readonly #damage: Damage;
  /** The connections that the server does not know to be gone */
  readonly transports = new Map<FakeTransport, ModelClient>();
  /** The clients as the application knows them, one for each connection */
  readonly #objects = new WeakMap<FakeTransport, Client>();
  /** The clients that can join without the history only */
  readonly #withoutHistory = new WeakSet<Client>();
  /** The latest connection of each client */
  readonly latest = new Map<ModelClient, FakeTransport>();
  /** When it has ended */
  readonly endedAt = new Map<ModelClient, number>();
  /** What the application has asked for and is not over */
  readonly #running = new Map<Promise<unknown>, string>();
  /** The number of publications before the last restart */
  #base = 0;
  isCalm = false;
  #ids = 0;

  constructor(setting: Setting, random: Random, damage: Damage) {
    this.setting = setting;
    this.random = random;
    this.tasks = new Tasks(random);
    // The delays of the server must be the same when a run is repeated.
    Math.random = () => random.below(1_000) / 1_000;
    this.#damage = damage;
    this.#start();
  }

  get now(): number {
    return performance.now();
  }

  /** Connects a client, with a secret if it has one. */
  connect(client: ModelClient, secret: string | undefined): void {
    const transport = this.#open(client);
    // A part of a client is enough for rooms.
    const object = { user: client.user } as Client;
    this.#objects.set(transport, object);
    if (client.name === "without history") this.#withoutHistory.add(object);
    this.transports.set(transport, client);
    this.latest.set(client, transport);
    const { clients } = this;
    if (secret !== undefined) clients.recognize(object, transport, secret);
    client.link = {
      transport,
      send: (request) => {
        if (transport.closed !== undefined) return;
        void clients.answer(object, transport, request);
      },
    };
  }

  /** Returns the room of the application. */
  room(name: string): Room {
    return new Room(this.clients, this.rooms.get(name));
  }

  /** Returns the client of a connection as the application knows it. */
  objectOf(transport: FakeTransport): Client {
    return this.#objects.get(transport)!;
  }

  /** Waits for something at the end; it can only fail because of the broker. */
  watch(what: string, promise: Promise<unknown>): void {
    const watched: Promise<unknown> = promise.catch((error) => {
      if (!(error instanceof PublishError)) this.#failure ??= error;
    }).then(() => this.#running.delete(watched));
    this.#running.set(watched, what);
  }

  #failure: unknown;

  /** Checks that no function of the server has thrown. */
  checkErrors(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const [line] = this.#logger.lines;
    if (line !== undefined) fail(`the server logged: ${line}`);
  }

  /** Checks that everything that the application has asked for is over. */
  checkOver(): void {
    const [what] = this.#running.values();
    if (what !== undefined) fail(`${what} never ends`);
  }

  /** Starts the server anew, with another history. */
  async restart(): Promise<void> {
    for (const transport of this.transports.keys()) {
      transport.close(1012, "restart");
    }
    await this.close();
    this.#base = this.truth.size;
    this.#start();
  }

  /** Ends the server. */
  async close(): Promise<void> {
    await this.tasks.settle();
    const closing = this.rooms.close();
    await this.tasks.settle();
    await closing;
  }

  /** Makes the engine lose its newest publications. */
  async restore(lost: number): Promise<void> {
    await this.tasks.settle();
    const count = Math.max(0, this.truth.size - this.#base - lost);
    this.truth.cut(this.#base + count);
    await this.broker.engine.restore(count);
    for (const name of ROOMS) {
      const { history } = this.rooms.get(name).definition;
      if (history === undefined) continue;
      const limits = { history, limit: 1e6, maxBytes: 1e9 };
      const { engine } = this.broker;
      const read = await engine.read(name, { last: 1e6 }, limits);
      this.truth.learn(name, read.publications, read.top);
    }
  }

  [Symbol.dispose](): void {
    Math.random = this.#random;
    this.clock[Symbol.dispose]();
  }

  #start(): void {
    const { setting, random, tasks, truth } = this;
    const { maxBuffered } = setting;
    this.life++;
    this.broker = new ModelBroker({ setting, random, tasks, truth });
    this.rooms = new Rooms({
      log: this.#log,
      broker: this.#damage.broker?.(this.broker) ?? this.broker,
      turns: new Turns(tasks.add),
      maxBatch: 4_096,
      maxConnections: 1_000,
      maxBuffered,
      nextMessageId: () => ++this.#ids,
    });
    this.#damage.rooms?.(this.rooms);
    this.#define();
    const rules = { exposeErrors: true, limits: { maxBuffered } };
    const scheduler = new FairScheduler(tasks.add);
    this.clients = new RoomClients(this.rooms, scheduler, rules);
  }

  #define(): void {
    const definition = {
      publish: true,
      authorize: (client: Client) => this.#authorize(client),
    };
    const { history } = this.setting;
    this.rooms.define("chat:{id}", { ...definition, history });
    this.rooms.define("live:{id}", definition);
  }

  async #authorize(client: Client): Promise<boolean | RoomRights> {
    const { random, setting, tasks } = this;
    if (setting.isRemote && random.chance(0.5)) await tasks.hop();
    if (!this.isCalm && setting.isWild && random.chance(0.05)) return false;
    return this.#withoutHistory.has(client) ? { history: false } : true;
  }

  #open(client: ModelClient): FakeTransport {
    const { maxBuffered, onSlow } = this.setting;
    return new FakeTransport({
      log: new ConnectionLog(this.#log, client.name, new StrangerLines()),
      features: new Set(client.isPlain ? [] : ["rooms"]),
      ...{ maxBuffered, onSlow },
      poll: () => this.tasks.poll(),
      onClosed: (transport, info) => this.#onClosed(transport, info),
    });
  }

  #onClosed(transport: FakeTransport, info: CloseInfo): void {
    this.clients.onClosed(transport, info);
    const client = this.transports.get(transport)!;
    this.transports.delete(transport);
    if (this.latest.get(client) !== transport) return;
    this.endedAt.set(client, this.now);
  }
}
