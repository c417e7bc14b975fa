/** One node of a {@linkcode FaultyEngine}, which can be frozen, cut off and killed. */

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
import {
  type Cluster,
  type ClusterEvents,
  LEASE,
  type Survey,
} from "../../broker/cluster.ts";
import type { Engine, EngineConnection } from "../../broker/engine.ts";
import { PublishError } from "../../common/hoist_error.ts";

/** How a node is connected to the engine. */
type Connection = "up" | "frozen" | "cut" | "killed";

/** Ends the lease of a node that is not connected. */
class Lease {
  #timer: ReturnType<typeof setTimeout> | undefined;

  end(onEnd: () => Promise<void>): void {
    this.#timer ??= setTimeout(() => void onEnd(), LEASE);
  }

  renew(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** A node that a test can break. */
export class FaultyNode {
  readonly broker: Broker;
  readonly cluster: Cluster;
  /** Decides which payloads of {@linkcode Cluster.tell} this node loses */
  loses: (payload: string) => boolean = () => false;
  readonly #engine: () => Engine;
  readonly #lease = new Lease();
  readonly #rooms = new Set<string>();
  /** What happens when the node continues */
  readonly #waiting: (() => void)[] = [];
  #inner: EngineConnection;
  #state: Connection = "up";
  /** Whether others still see the node */
  #isListed = false;
  #id = "";
  #clusterEvents: ClusterEvents | undefined;
  #brokerEvents: BrokerEvents | undefined;

  constructor(engine: () => Engine) {
    this.#engine = engine;
    this.#inner = engine().open();
    this.broker = this.#createBroker();
    this.cluster = this.#createCluster();
  }

  /** How the node is connected */
  get state(): Connection {
    return this.#state;
  }

  /** Stops the program of the node. */
  freeze(): void {
    this.#state = "frozen";
    this.#lease.end(() => this.#leave());
  }

  /** Lets the program of the node continue. */
  async thaw(): Promise<void> {
    await this.#return();
    // What arrives meanwhile is behind what has waited.
    this.#state = "up";
    for (const each of this.#waiting.splice(0)) each();
  }

  /** Cuts the connection to the engine, which the node notices. */
  cut(): void {
    this.#state = "cut";
    this.#lease.end(() => this.#leave());
    this.#clusterEvents?.onState("down", new Error("The connection was cut."));
  }

  /** Restores the connection to the engine. */
  async mend(): Promise<void> {
    this.#state = "up";
    await this.#return();
    // Other nodes can have come and gone.
    this.#clusterEvents?.onNodes(this.cluster.nodes);
    this.#clusterEvents?.onState("up");
    this.#brokerEvents?.onStale(undefined);
  }

  /** Ends the node without a notice. */
  kill(): void {
    this.#state = "killed";
    this.#waiting.length = 0;
    this.#lease.end(() => this.#leave());
  }

  /** Moves the node to a new engine. */
  async replace(): Promise<void> {
    await this.#leave();
    await this.#inner.broker[Symbol.asyncDispose]();
    this.#inner = this.#engine().open();
    if (this.#brokerEvents !== undefined) await this.#startBroker();
  }

  async #leave(): Promise<void> {
    this.#isListed = false;
    await this.#inner.cluster[Symbol.asyncDispose]();
  }

  async #return(): Promise<void> {
    this.#lease.renew();
    if (this.#isListed || this.#id === "") return;
    this.#inner = { ...this.#inner, cluster: this.#engine().open().cluster };
    await this.#startCluster();
  }

  /** Waits while the node is frozen; throws if it is not connected. */
  async #pass(): Promise<EngineConnection> {
    while (this.#state === "frozen") {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#state === "up") return this.#inner;
    throw new PublishError("Cannot reach the engine: it is down.", "none");
  }

  /** Handles what the engine sends: a frozen node later, and one that is cut off never. */
  #handle(event: () => void): void {
    if (this.#state === "up") event();
    else if (this.#state === "frozen") this.#waiting.push(event);
  }

  async #startCluster(): Promise<void> {
    const events = this.#clusterEvents!;
    await this.#inner.cluster.start(this.#id, {
      onTold: (from, payload) => {
        if (this.loses(payload)) return;
        this.#handle(() => events.onTold(from, payload));
      },
      onAsked: (from, payload) =>
        new Promise((resolve) =>
          this.#handle(() => resolve(events.onAsked(from, payload)))
        ),
      onNodes: () => this.#handle(() => events.onNodes(this.cluster.nodes)),
      onState: () => {},
    });
    this.#isListed = true;
  }

  async #startBroker(): Promise<void> {
    const events = this.#brokerEvents!;
    await this.#inner.broker.start({
      onPublication: (room, publication) =>
        this.#handle(() => events.onPublication(room, publication)),
      onStale: (room) => this.#handle(() => events.onStale(room)),
    });
    for (const room of this.#rooms) await this.#inner.broker.subscribe(room);
  }

  #createCluster(): Cluster {
    const inner = () => this.#inner.cluster;
    const pass = async () => (await this.#pass()).cluster;
    let isClosed = false;
    const start = async (id: string, events: ClusterEvents) => {
      await this.#pass();
      if (isClosed) throw new PublishError("The node is closed.", "none");
      this.#id = id;
      this.#clusterEvents = events;
      events.onState("up");
      await this.#startCluster();
    };
    const dispose = async () => {
      isClosed = true;
      this.#lease.renew();
      this.#id = "";
      this.#clusterEvents = undefined;
      await inner()[Symbol.asyncDispose]();
    };
    let nodes: ReadonlySet<string> = new Set();
    const isUp = () => this.#state === "up";
    return {
      get nodes() {
        if (isUp()) nodes = inner().nodes;
        return nodes;
      },
      start,
      tell: async (...args) => (await pass()).tell(...args),
      ask: async (...args): Promise<string> => (await pass()).ask(...args),
      survey: async (...args): Promise<Survey> =>
        (await pass()).survey(...args),
      put: async (...args) => (await pass()).put(...args),
      create: async (...args) => (await pass()).create(...args),
      list: async (...args) => (await pass()).list(...args),
      delete: async (...args) => (await pass()).delete(...args),
      [Symbol.asyncDispose]: dispose,
    };
  }

  #createBroker(): Broker {
    const pass = async () => (await this.#pass()).broker;
    return {
      name: "faulty memory",
      start: async (events: BrokerEvents) => {
        await this.#pass();
        this.#brokerEvents = events;
        await this.#startBroker();
      },
      subscribe: async (room: string) => {
        this.#rooms.add(room);
        await (await pass()).subscribe(room);
      },
      unsubscribe: async (room: string) => {
        this.#rooms.delete(room);
        await (await pass()).unsubscribe(room);
      },
      publish: async (
        room: string,
        payload: string,
        options: PublishOptions,
      ): Promise<Published> => (await pass()).publish(room, payload, options),
      read: async (
        room: string,
        from: ReadFrom,
        options: ReadOptions,
      ): Promise<HistoryRead> => (await pass()).read(room, from, options),
      clear: async (room: string, history: HistoryOptions | undefined) =>
        (await pass()).clear(room, history),
      order: (a: string, b: string): Order => this.#inner.broker.order(a, b),
      [Symbol.asyncDispose]: () => this.#inner.broker[Symbol.asyncDispose](),
    };
  }
}
