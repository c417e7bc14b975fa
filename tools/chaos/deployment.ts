/**
 * Several nodes with one engine, behind a balancer.
 *
 * @module
 */

import { pause } from "../lib/deadline.ts";
import { Process } from "../lib/process.ts";
import { dialPort, type Relay } from "../lib/relay.ts";
import { type Address, balance } from "./balancer.ts";
import type { Control, EngineName, NodeSettings } from "./commands.ts";
import type { ChaosEngine } from "./engine.ts";
import { NamespaceNetwork } from "./namespaces.ts";
import { type Network, RelayNetwork } from "./network.ts";

/** How long a node can take to start, and to connect to the engine, in milliseconds. */
const START_LIMIT = 30_000;

/** How the nodes are started. */
export interface DeploymentOptions {
  readonly name: EngineName;
  readonly engine: ChaosEngine;
  /** The number of nodes */
  readonly nodes: number;
  readonly control?: Control | undefined;
}

/** A node that can be killed and separated from the engine. */
interface Node {
  readonly network: Network;
  /** `undefined` while it starts */
  address: Address | undefined;
  process: Process | undefined;
}

/** Several nodes with one engine, behind a balancer. */
export class Deployment implements AsyncDisposable {
  readonly engine: ChaosEngine;
  readonly #options: DeploymentOptions;
  readonly #nodes: Node[] = [];
  readonly #balancer: Relay;

  private constructor(options: DeploymentOptions) {
    this.engine = options.engine;
    this.#options = options;
    this.#balancer = balance(() =>
      this.#nodes.flatMap(({ address }) => address ?? [])
    );
  }

  /** Starts the nodes, and waits until they accept clients. */
  static async start(options: DeploymentOptions): Promise<Deployment> {
    const deployment = new Deployment(options);
    try {
      for (let index = 0; index < options.nodes; index++) {
        const network = await createNetwork(options.engine);
        const node = { network, address: undefined, process: undefined };
        deployment.#nodes.push(node);
      }
      const indexes = [...deployment.#nodes.keys()];
      await Promise.all(indexes.map((index) => deployment.startNode(index)));
      return deployment;
    } catch (error) {
      await deployment[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The URL of the balancer */
  get url(): string {
    return this.#balancer.url;
  }

  /** The number of nodes */
  get size(): number {
    return this.#nodes.length;
  }

  /** How the way to the engine is cut */
  get separation(): string {
    const isNamespace = this.#nodes[0]?.network instanceof NamespaceNetwork;
    return isNamespace ? "network namespaces" : "relays";
  }

  /** Ends the connections of all clients. */
  cutSockets(): void {
    this.#balancer.abort();
  }

  /** Kills a node. */
  async killNode(index: number): Promise<void> {
    const node = this.#nodes[index]!;
    const { process } = node;
    node.process = node.address = undefined;
    await process?.[Symbol.asyncDispose]();
  }

  /** Starts a node, and waits until it accepts clients. */
  async startNode(index: number): Promise<void> {
    const node = this.#nodes[index]!;
    const { hostname } = node.network;
    const process = this.#spawn(node.network);
    node.process = process;
    const port = Number(await process.next(START_LIMIT));
    node.address = { hostname, port };
    await waitForHealth(node.address, process);
  }

  /** Separates a node from the engine. */
  async separate(index: number): Promise<void> {
    await this.#nodes[index]!.network.cut();
  }

  /** Connects a node to the engine again. */
  async reunite(index: number): Promise<void> {
    await this.#nodes[index]!.network.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((_, index) => this.killNode(index)));
    for (const { network } of this.#nodes) {
      await network[Symbol.asyncDispose]();
    }
    await this.#balancer[Symbol.asyncDispose]();
  }

  #spawn(network: Network): Process {
    const { name, control } = this.#options;
    const settings: NodeSettings = {
      hostname: network.hostname,
      engine: name,
      address: network.engine,
      control,
    };
    const config = new URL("../../tests/deno.json", import.meta.url).pathname;
    const script = new URL("./node.ts", import.meta.url).pathname;
    const [command, ...args] = [
      ...[...network.command, Deno.execPath(), "run", "--allow-all"],
      ...["--no-check", "--config", config, script, JSON.stringify(settings)],
    ];
    return new Process({ command: command!, args });
  }
}

async function createNetwork({ port }: ChaosEngine): Promise<Network> {
  const dial = dialPort(() => port);
  return await NamespaceNetwork.create(dial) ?? new RelayNetwork(dial);
}

/** Waits until a node is connected to the engine. */
async function waitForHealth(
  { hostname, port }: Address,
  process: Process,
): Promise<void> {
  const url = `http://${hostname}:${port}/hoist/health`;
  const end = performance.now() + START_LIMIT;
  while (performance.now() < end) {
    const health = await fetch(url).then((response) => response.json())
      .catch(() => undefined);
    if (health?.status === "ok" && health.broker === "up") return;
    await pause(20);
  }
  throw new Error(`Node ${process.pid} has not connected to the engine.`);
}
