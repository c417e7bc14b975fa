/**
 * The servers of the model with their clients.
 *
 * @module
 */

import { MemoryDirectory } from "../../broker/memory_directory.ts";
import { PublishError } from "../../common/hoist_error.ts";
import type { CloseInfo } from "../../protocol/close.ts";
import { ConnectionLines, ConnectionLog } from "../../server/connection_log.ts";
import { Log } from "../../server/log.ts";
import type { Client } from "../../server/message.ts";
import type { RoomRights } from "../../server/room_options.ts";
import type { Random } from "../fuzz/random.ts";
import { Clock } from "../support/clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RestorableHistory } from "../support/restorable_broker.ts";
import type { ModelClient } from "./client.ts";
import { FakeTransport } from "./fake_transport.ts";
import { type Damage, ModelServer } from "./model_server.ts";
import type { Setting } from "./settings.ts";
import { Tasks } from "./tasks.ts";
import { fail, Truth } from "./truth.ts";
import { peerAt } from "../support/server_context.ts";

/** The rooms of the model. The last one keeps no history. */
export const ROOMS = ["chat:1", "chat:2", "live:1"] as const;

/** What a server logs that is cut off from the engine. */
const OUTAGE = /^error broker: model is down/;

/** One server or several ones, which can restart. */
export class World implements Disposable {
  readonly setting: Setting;
  readonly random: Random;
  readonly clock = new Clock();
  readonly #random = Math.random;
  readonly tasks: Tasks;
  readonly truth = new Truth();
  /** The number of starts of a server that is alone, whose clients it then no longer knows */
  life = 0;
  servers: readonly ModelServer[] = [];
  #history: RestorableHistory;
  readonly #directory: MemoryDirectory | undefined;
  readonly #logger = new LogRecorder();
  readonly #log = new Log({ logger: this.#logger, logLevel: "error" });
  readonly #damage: Damage;
  /** The servers of the connections */
  readonly #servers = new WeakMap<FakeTransport, ModelServer>();
  /** The connections that the servers do not know to be gone */
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

  private constructor(setting: Setting, random: Random, damage: Damage) {
    this.setting = setting;
    this.random = random;
    this.tasks = new Tasks(random);
    // The delays of the server must be the same when a run is repeated.
    Math.random = () => random.below(1_000) / 1_000;
    this.#damage = damage;
    this.#history = new RestorableHistory(setting.maxHistory);
    this.#directory = setting.servers > 1 ? new MemoryDirectory() : undefined;
  }

  /** Starts the servers. */
  static async start(
    setting: Setting,
    random: Random,
    damage: Damage,
  ): Promise<World> {
    const world = new World(setting, random, damage);
    while (world.servers.length < setting.servers) await world.#start();
    return world;
  }

  /** A random server */
  get anyServer(): ModelServer {
    return this.random.pick(this.servers);
  }

  /** Whether the clients of one server are known to the others */
  get isCluster(): boolean {
    return this.#directory !== undefined;
  }

  get now(): number {
    return performance.now();
  }

  /** Connects a client to a server, with a secret if it has one. */
  connect(client: ModelClient, secret: string | undefined): void {
    const transport = this.#open(client);
    const server = this.anyServer;
    this.#servers.set(transport, server);
    // A part of a client is enough for rooms.
    const object = { user: client.user } as Client;
    this.#objects.set(transport, object);
    if (client.name === "without history") this.#withoutHistory.add(object);
    this.transports.set(transport, client);
    this.latest.set(client, transport);
    const { clients } = server;
    if (secret !== undefined) clients.recognize(object, transport, secret);
    client.link = {
      transport,
      send: (request) => {
        if (transport.closed !== undefined) return;
        void clients.answer(object, transport, request);
      },
    };
  }

  /** Returns the server of a connection. */
  serverOf(transport: FakeTransport): ModelServer {
    return this.#servers.get(transport)!;
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
    const [line] = this.#logger.lines.filter((line) => !OUTAGE.test(line));
    if (line !== undefined) fail(`the server logged: ${line}`);
  }

  /** Checks that everything that the application has asked for is over. */
  checkOver(): void {
    const [what] = this.#running.values();
    if (what !== undefined) fail(`${what} never ends`);
  }

  /** Starts a server anew. If it is alone, it has another history. */
  async restart(): Promise<void> {
    const server = this.anyServer;
    for (const transport of [...this.transports.keys()]) {
      const isItsOwn = this.serverOf(transport) === server;
      if (isItsOwn) transport.close(1012, "restart");
    }
    await server.close();
    this.servers = this.servers.filter((each) => each !== server);
    if (!this.isCluster) {
      this.#base = this.truth.size;
      this.#history = new RestorableHistory(this.setting.maxHistory);
    }
    await this.#start();
  }

  /** Lets the servers look for lost publications. */
  resync(): void {
    for (const { broker } of this.servers) broker.resync();
  }

  /** Lets everything arrive that is on its way. */
  async mend(): Promise<void> {
    for (const server of this.servers) await server.mend();
    await this.tasks.settle();
  }

  /** Ends all faults. */
  async heal(): Promise<void> {
    this.isCalm = true;
    for (const server of this.servers) await server.heal();
  }

  /** Ends the servers. */
  async close(): Promise<void> {
    for (const server of this.servers) await server.close();
  }

  /** Makes the engine lose its newest publications. */
  async restore(lost: number): Promise<void> {
    await this.tasks.settle();
    const count = Math.max(0, this.truth.size - this.#base - lost);
    this.truth.cut(this.#base + count);
    await this.#history.restore(count);
    const [{ rooms, broker: { engine } }] = this.servers as [ModelServer];
    for (const name of ROOMS) {
      const { history } = rooms.get(name).definition;
      if (history === undefined) continue;
      const limits = { history, limit: 1e6, maxBytes: 1e9 };
      const read = await engine.read(name, { last: 1e6 }, limits);
      this.truth.learn(name, read.publications, read.top);
    }
  }

  [Symbol.dispose](): void {
    Math.random = this.#random;
    this.clock[Symbol.dispose]();
  }

  async #start(): Promise<void> {
    const { setting, random, tasks, truth } = this;
    if (!this.isCluster) this.life++;
    const server = new ModelServer({
      ...{ setting, random, tasks, truth, log: this.#log },
      ...{ damage: this.#damage, history: this.#history, clock: this.clock },
      directory: this.#directory,
      nextMessageId: () => ++this.#ids,
      authorize: (client) => this.#authorize(client),
    });
    await server.started;
    this.servers = [...this.servers, server];
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
      log: new ConnectionLog(
        this.#log,
        peerAt(client.name),
        new ConnectionLines(),
      ),
      features: new Set(client.isPlain ? [] : ["rooms"]),
      ...{ maxBuffered, onSlow },
      poll: () => this.tasks.poll(),
      onClosed: (transport, info) => this.#onClosed(transport, info),
    });
  }

  #onClosed(transport: FakeTransport, info: CloseInfo): void {
    this.serverOf(transport).clients.onClosed(transport, info);
    const client = this.transports.get(transport)!;
    this.transports.delete(transport);
    if (this.latest.get(client) !== transport) return;
    this.endedAt.set(client, this.now);
  }
}
