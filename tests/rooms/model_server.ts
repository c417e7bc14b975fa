/**
 * One server of the model. Everything but the network and the clock is real.
 *
 * @module
 */

import { Metrics } from "../../server/metrics.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Cluster } from "../../broker/cluster.ts";
import type { MemoryDirectory } from "../../broker/memory_directory.ts";
import type { Log } from "../../server/log.ts";
import type { Client } from "../../server/message.ts";
import { ServerNode } from "../../server/node.ts";
import { Room } from "../../server/room.ts";
import { RoomClients } from "../../server/room_clients.ts";
import type { RoomRights } from "../../server/room_options.ts";
import { Rooms } from "../../server/rooms.ts";
import { FairScheduler, Turns } from "../../server/scheduler.ts";
import type { Clock } from "../support/clock.ts";
import { FaultyNode } from "../support/faulty_node.ts";
import { ModelBroker, type ModelBrokerParts } from "./model_broker.ts";
import { ModelCluster } from "./model_cluster.ts";
import type { Tasks } from "./tasks.ts";

/** How long a server can take to close, in milliseconds. */
const CLOSE_LIMIT = 2_000;

/** Damages a part of each server, so that a test sees that the model notices it. */
export interface Damage {
  broker?(broker: Broker): Broker;
  cluster?(cluster: Cluster): Cluster;
  rooms?(rooms: Rooms): void;
}

/** What a server needs. */
export interface ModelServerParts extends ModelBrokerParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly damage: Damage;
  /** Connects the server to others; `undefined` if it is alone */
  readonly directory: MemoryDirectory | undefined;
  nextMessageId(): number;
  authorize(client: Client): Promise<boolean | RoomRights>;
}

/** A server. */
export class ModelServer {
  readonly broker: ModelBroker;
  readonly rooms: Rooms;
  readonly clients: RoomClients;
  readonly #tasks: Tasks;
  readonly #clock: Clock;
  /** How the server is connected to the engine; `undefined` if it is alone */
  readonly #network: FaultyNode | undefined;
  readonly #node: ServerNode | undefined;

  /** Constructs a `ModelServer`, which starts. */
  constructor(parts: ModelServerParts) {
    const { setting: { maxBuffered }, tasks, log, damage, directory } = parts;
    this.#tasks = tasks;
    this.#clock = parts.clock;
    this.broker = new ModelBroker(parts);
    this.#network = directory && this.#connect(directory, parts);
    const node = this.#network;
    this.#node = node &&
      new ServerNode({ name: "model", open: () => node }, log);
    const broker = node?.broker ?? damage.broker?.(this.broker) ?? this.broker;
    this.rooms = new Rooms({
      metrics: new Metrics(),
      ...{ log, broker, node: this.#node },
      turns: new Turns(tasks.add),
      maxBatch: 4_096,
      maxConnections: 1_000,
      maxBuffered,
      nextMessageId: () => parts.nextMessageId(),
    });
    damage.rooms?.(this.rooms);
    this.#define(parts);
    if (this.#node !== undefined) this.rooms.start();
    const rules = { exposeErrors: true, limits: { maxBuffered } };
    const scheduler = new FairScheduler(tasks.add);
    this.clients = new RoomClients(this.rooms, scheduler, rules);
  }

  /** Resolves when the server accepts clients. */
  get started(): Promise<void> {
    return this.#node?.started ?? Promise.resolve();
  }

  /** Returns a room, as the application of the server uses it. */
  room(name: string): Room {
    return new Room(this.clients, this.rooms.get(name));
  }

  /** Cuts the server off from the engine, which it notices. */
  cutOff(): void {
    if (this.#network?.state === "up") this.#network.cut();
  }

  /** Stops the program of the server. */
  freeze(): void {
    if (this.#network?.state === "up") this.#network.freeze();
  }

  /** Connects the server to the engine again, or lets its program continue. */
  async mend(): Promise<void> {
    if (this.#network?.state === "cut") await this.#network.mend();
    if (this.#network?.state === "frozen") await this.#network.thaw();
  }

  /** Ends all faults. */
  async heal(): Promise<void> {
    this.broker.isHealed = true;
    await this.mend();
  }

  /** Ends the server. */
  async close(): Promise<void> {
    await this.mend();
    await this.#tasks.settle();
    const closing = this.rooms.close().then(() => this.#node?.close());
    await this.#tasks.settle();
    // A server that is asked can have closed before.
    this.#clock.pass(CLOSE_LIMIT);
    await closing;
  }

  #connect(directory: MemoryDirectory, parts: ModelServerParts): FaultyNode {
    const { damage } = parts;
    const broker = damage.broker?.(this.broker) ?? this.broker;
    const isHealed = () => this.broker.isHealed;
    const open = () => {
      const cluster = new ModelCluster({ ...parts, directory, isHealed });
      return { broker, cluster: damage.cluster?.(cluster) ?? cluster };
    };
    return new FaultyNode(() => ({ name: "model", open }));
  }

  #define({ setting: { history }, authorize }: ModelServerParts): void {
    const definition = { publish: true, authorize };
    this.rooms.define("chat:{id}", { ...definition, history });
    this.rooms.define("live:{id}", definition);
  }
}
