/**
 * The nodes of the contract test of clusters.
 *
 * @module
 */

import type {
  Cluster,
  ClusterEvents,
  EngineState,
} from "../../broker/cluster.ts";
import { PublishError } from "../../common/errors.ts";
import { until } from "../support/timing.ts";

/** An engine that connects nodes, as a test needs it. */
export interface ClusterEngine extends AsyncDisposable {
  /** Creates the cluster of one more node, which has not started. */
  open(): Cluster;
  /** Ends a node as a crash does: it does not give its lease back. */
  readonly kill: ((cluster: Cluster) => Promise<void>) | undefined;
  /** Stops and continues the program of a node. */
  readonly freeze: ((cluster: Cluster) => Promise<void>) | undefined;
  readonly thaw: ((cluster: Cluster) => Promise<void>) | undefined;
  /** Ends the engine, and starts it again with its data. */
  readonly stop: (() => Promise<void>) | undefined;
  readonly start: (() => Promise<void>) | undefined;
}

/** How long a node waits for an answer that comes at once, in milliseconds. */
export const PATIENCE = 60_000;

/** A time in which a payload arrives that should not arrive, in milliseconds. */
export const SHORT = 200;

export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A node that records what its cluster reports. */
export class Node implements ClusterEvents {
  readonly id: string;
  readonly cluster: Cluster;
  readonly told: { readonly from: string; readonly payload: string }[] = [];
  readonly states: EngineState[] = [];
  readonly errors: (Error | undefined)[] = [];
  /** The nodes after each change */
  readonly changes: ReadonlySet<string>[] = [];
  answer: (from: string, payload: string) => Promise<string | undefined> = (
    from,
    payload,
  ) => Promise.resolve(`${this.id} got ${payload} from ${from}`);

  constructor(id: string, cluster: Cluster) {
    this.id = id;
    this.cluster = cluster;
  }

  get payloads(): readonly string[] {
    return this.told.map(({ payload }) => payload);
  }

  onTold(from: string, payload: string): void {
    this.told.push({ from, payload });
  }

  onAsked(from: string, payload: string): Promise<string | undefined> {
    return this.answer(from, payload);
  }

  onNodes(nodes: ReadonlySet<string>): void {
    this.changes.push(nodes);
  }

  onState(state: EngineState, error?: Error): void {
    this.states.push(state);
    this.errors.push(error);
  }

  sees(...others: readonly Node[]): boolean {
    const { nodes } = this.cluster;
    return nodes.size === others.length &&
      others.every(({ id }) => nodes.has(id));
  }
}

export class ClusterBench implements AsyncDisposable {
  readonly engine: ClusterEngine;
  readonly #nodes: Node[] = [];

  constructor(engine: ClusterEngine) {
    this.engine = engine;
  }

  /** Starts a node. */
  async start(): Promise<Node> {
    const id = crypto.randomUUID();
    const node = new Node(id, this.engine.open());
    this.#nodes.push(node);
    await node.cluster.start(id, node);
    return node;
  }

  /** Starts nodes that see each other. */
  async startAll(count: number): Promise<readonly Node[]> {
    const nodes: Node[] = [];
    for (let n = 0; n < count; n++) nodes.push(await this.start());
    await until(
      () => nodes.every((node) => node.cluster.nodes.size === count - 1),
      "the nodes see each other",
    );
    return nodes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { cluster } of this.#nodes) {
      await cluster[Symbol.asyncDispose]();
    }
    await this.engine[Symbol.asyncDispose]();
  }
}

/** Whether an error says that the engine cannot be reached. */
export function isLost(error: unknown): boolean {
  return error instanceof PublishError;
}

/** Registers a test with an engine of its own. */
export type RegisterTest = (
  what: string,
  run: (bench: ClusterBench) => Promise<void>,
) => void;
