/**
 * Connects the nodes of a deployment over NATS.
 *
 * @module
 */

import { atMost } from "../common/async.ts";
import type { PublishError } from "../common/hoist_error.ts";
import {
  type Cluster,
  type ClusterEvents,
  type EngineState,
  MAX_PAYLOAD,
  type Survey,
} from "./cluster.ts";
import type { Msg } from "./nats_client.ts";
import { failure } from "./nats_errors.ts";
import { NatsLeases } from "./nats_leases.ts";
import type { NatsLink } from "./nats_link.ts";
import type { NatsSubscription } from "./nats_subscription.ts";
import { NatsState } from "./nats_state.ts";
import {
  encodeNodeMessage,
  type NodeMessage,
  type NodeMessageKind,
  parseNodeMessage,
} from "./node_message.ts";
import { PendingAnswers } from "./pending_answers.ts";
import { noNode } from "./unreachable.ts";

/** How long the end of the lease can take, in milliseconds. */
const CLOSE_LIMIT = 1_000;

/** The longest message between servers, with the bytes that are not its payload. */
const MIN_LIMIT = MAX_PAYLOAD + 128;

/** What a cluster has while it is started. */
interface Started {
  readonly node: string;
  readonly events: ClusterEvents;
  readonly leases: NatsLeases;
  readonly subscriptions: readonly NatsSubscription[];
}

/** A cluster over NATS. */
export class NatsCluster implements Cluster {
  readonly #link: NatsLink;
  readonly #state: NatsState;
  readonly #pending = new PendingAnswers();
  #started: Started | undefined;
  #reported: EngineState | undefined;
  #joining: Promise<void> | undefined;
  #unlisten: (() => void) | undefined;
  #isClosed = false;

  /**
   * Constructs a `NatsCluster`.
   *
   * @param link The connection, which the broker can share
   */
  constructor(link: NatsLink) {
    this.#link = link;
    this.#state = new NatsState(link);
  }

  get nodes(): ReadonlySet<string> {
    return this.#started?.leases.nodes ?? new Set();
  }

  async start(node: string, events: ClusterEvents): Promise<void> {
    if (this.#isClosed) throw closed();
    this.#begin(node, events);
    try {
      await this.#link.start();
      await this.#join();
      this.#checkLimit(events);
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  async tell(node: string | undefined, payload: string): Promise<void> {
    this.#send(node, "tell", 0, payload);
    await this.#link.flush(this.#subjectOf(node));
  }

  async ask(node: string, payload: string, timeout: number): Promise<string> {
    return await this.#pending.ask(node, timeout, async (id) => {
      // It fails first if the engine is down.
      const message = this.#encode("ask", id, payload);
      if (!this.#link.isUp) await this.#link.flush();
      if (!this.nodes.has(node)) throw noNode(node);
      this.#link.publish(this.#subjectOf(node), message);
    });
  }

  async survey(payload: string, timeout: number): Promise<Survey> {
    // deno-lint-ignore require-await -- an error must reject the promise
    return await this.#pending.survey(timeout, async (id) => {
      const nodes = [...this.nodes];
      this.#send(undefined, "ask", id, payload);
      return nodes;
    });
  }

  async put(key: string, value: string): Promise<void> {
    await this.#open.put(key, value);
  }

  async create(key: string, value: string): Promise<string> {
    return await this.#open.create(key, value);
  }

  async list(prefix: string): Promise<ReadonlyMap<string, string>> {
    return await this.#open.list(prefix);
  }

  async delete(key: string): Promise<void> {
    await this.#open.delete(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const started = this.#started;
    this.#stop();
    if (started !== undefined && this.#link.isUp) {
      await atMost(started.leases.leave(), CLOSE_LIMIT).catch(() => {});
    }
    if (this.#unlisten === undefined) return;
    this.#unlisten();
    await this.#link.release();
  }

  #begin(node: string, events: ClusterEvents): void {
    this.#stop();
    if (this.#unlisten === undefined) {
      this.#link.use();
      this.#unlisten = this.#link.listen((state, error) =>
        this.#onLink(state, error)
      );
    }
    const leases = new NatsLeases(this.#link, node, {
      onNodes: (nodes) => events.onNodes(nodes),
      onGone: (gone) => this.#pending.end(gone),
      onRenewal: () => this.#rejoin(),
    });
    leases.start();
    const receive = (message: Msg) => this.#receive(message.string());
    const subscriptions = [this.#subjectOf(node), this.#subjectOf(undefined)]
      .map((subject) => this.#link.subscribe(subject, receive));
    this.#started = { node, events, leases, subscriptions };
  }

  /** Nothing is reported from here on. */
  #stop(): void {
    const started = this.#started;
    this.#started = undefined;
    this.#reported = undefined;
    this.#pending.fail(closed());
    started?.leases.end();
    for (const each of started?.subscriptions ?? []) {
      this.#link.unsubscribe(each);
    }
  }

  #onLink(state: EngineState, error: Error | undefined): void {
    if (state === "up") return this.#rejoin();
    this.#pending.fail(error ?? closed());
    this.#report(state, error);
  }

  /** Reports a NATS that rejects messages between servers. */
  #checkLimit(events: ClusterEvents): void {
    const { limit } = this.#link;
    if (limit === undefined || limit.value >= MIN_LIMIT) return;
    events.onProblem?.(
      `accepts at most ${limit.value} bytes in a message, but the servers send each other up to ${MIN_LIMIT}. Raise '${limit.setting}' in the configuration of NATS`,
    );
  }

  /** Takes a lease, once for all callers. */
  #join(): Promise<void> {
    return this.#joining ??= this.#takeLease().finally(() =>
      this.#joining = undefined
    );
  }

  async #takeLease(): Promise<void> {
    await this.#started?.leases.join();
    if (this.#link.isUp) this.#report("up");
  }

  #rejoin(): void {
    if (this.#started === undefined || this.#reported === "up") return;
    // If it fails, the next renewal tries again.
    this.#join().catch(() => {});
  }

  #report(state: EngineState, error?: Error): void {
    if (this.#reported === state && state === "up") return;
    this.#reported = state;
    this.#started?.events.onState(state, error);
  }

  #receive(text: string): void {
    const message = parseNodeMessage(text);
    if (message === undefined || this.#started === undefined) return;
    const { node, events } = this.#started;
    const { kind, from, id, payload } = message;
    if (from === node) return;
    if (kind === "tell") events.onTold(from, payload);
    else if (kind === "ask") void this.#answer(message, events);
    else if (kind === "answer") this.#pending.receive(id, from, payload);
  }

  async #answer(
    { from, id, payload }: NodeMessage,
    events: ClusterEvents,
  ): Promise<void> {
    const answer = await events.onAsked(from, payload);
    if (answer === undefined || this.#started === undefined) return;
    try {
      this.#send(from, "answer", id, answer);
    } catch {
      // The other node reports that this one is silent.
    }
  }

  #send(
    node: string | undefined,
    kind: NodeMessageKind,
    id: number,
    payload: string,
  ): void {
    const message = this.#encode(kind, id, payload);
    this.#link.publish(this.#subjectOf(node), message);
  }

  #encode(kind: NodeMessageKind, id: number, payload: string): string {
    return encodeNodeMessage({ kind, from: this.#self.node, id, payload });
  }

  /** The subject of a node, or of all nodes */
  #subjectOf(node: string | undefined): string {
    const { prefix } = this.#link.options;
    return node === undefined ? `${prefix}.b` : `${prefix}.m.${node}`;
  }

  get #self(): Started {
    if (this.#started === undefined) throw closed();
    return this.#started;
  }

  /** The shared state, while this node is started */
  get #open(): NatsState {
    return this.#self && this.#state;
  }
}

function closed(): PublishError {
  return failure(
    "reach the other servers",
    "this server has not started, or it is closed",
  );
}
