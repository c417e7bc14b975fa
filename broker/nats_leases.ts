/**
 * The leases of the nodes. A node publishes its lease again and again. All nodes receive it at
 * once, and a stream keeps it for the nodes that start later.
 *
 * @module
 */

import { LEASE } from "./cluster.ts";
import { callApi, store } from "./nats_api.ts";
import type { Msg } from "./nats_client.ts";
import { readDirect } from "./nats_direct.ts";
import { ensureStream } from "./nats_ensure.ts";
import type { NatsLink } from "./nats_link.ts";
import type { NatsSubscription } from "./nats_subscription.ts";
import { headersOf } from "./nats_message.ts";
import { NodeTable } from "./node_table.ts";

/** How often a lease is renewed, in milliseconds. */
const INTERVAL = LEASE / 4;

/** The length of a lease, because its end is noticed with the next renewal. */
const LENGTH = LEASE - INTERVAL;

/** The payload of a node that has ended. */
const BYE = "bye";

/** Receives what is known about the leases. */
export interface LeaseEvents {
  /** Called after each change of the other nodes. */
  onNodes(nodes: ReadonlySet<string>): void;
  /** Called when a node has no lease any more. */
  onGone(node: string): void;
  /** Called before each renewal, in order to join again if the node has not. */
  onRenewal(): void;
}

/** The leases, as one node knows them. */
export class NatsLeases {
  readonly #link: NatsLink;
  readonly #node: string;
  readonly #events: LeaseEvents;
  readonly #table: NodeTable;
  readonly #name: string;
  readonly #prefix: string;
  #subscription: NatsSubscription | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isEnded = false;

  /** Constructs `NatsLeases`. */
  constructor(link: NatsLink, node: string, events: LeaseEvents) {
    const { prefix } = link.options;
    this.#link = link;
    this.#node = node;
    this.#events = events;
    this.#table = new NodeTable(node, INTERVAL);
    this.#name = `HOIST-${prefix}-nodes`;
    this.#prefix = `${prefix}.n.`;
  }

  /** The other nodes that have a lease */
  get nodes(): ReadonlySet<string> {
    return this.#table.nodes;
  }

  /** Begins to receive leases, and to renew the own one. */
  start(): void {
    this.#subscription = this.#link.subscribe(
      `${this.#prefix}*`,
      (message) => this.#receive(message),
    );
    this.#timer = setInterval(() => this.#renew(), INTERVAL);
  }

  /** Takes a lease, and reads the leases of the others. */
  async join(): Promise<void> {
    await this.#link.flush();
    await ensureStream(this.#link, {
      name: this.#name,
      description: "Leases of the servers of Hoist.",
      subjects: [`${this.#prefix}*`],
      storage: "memory",
      max_age: LEASE * 1_000_000,
      max_msgs_per_subject: 1,
      allow_direct: true,
      num_replicas: this.#link.options.replicas,
    });
    // A lease after the end would show the node to others for as long as it lasts.
    if (this.#isEnded) return;
    await store(this.#link, this.#subject, "", {});
    await this.#load();
  }

  /** Ends the renewals. */
  end(): void {
    this.#isEnded = true;
    clearInterval(this.#timer);
    if (this.#subscription !== undefined) {
      this.#link.unsubscribe(this.#subscription);
    }
  }

  /** Gives the lease back. */
  async leave(): Promise<void> {
    await store(this.#link, this.#subject, BYE, {});
  }

  get #subject(): string {
    return this.#prefix + this.#node;
  }

  async #load(): Promise<void> {
    const { ts } = await callApi<{ ts?: string }>(
      this.#link,
      `STREAM.INFO.${this.#name}`,
    );
    const next_by_subj = `${this.#prefix}*`;
    const request = { seq: 1, next_by_subj, batch: 10_000 };
    const messages = await readDirect(this.#link, this.#name, request);
    const before = this.nodes;
    for (const message of messages) this.#note(message, ageOf(message, ts));
    this.#report(before);
  }

  #note(message: Msg, age: number): void {
    const subject = headersOf(message)?.get("Nats-Subject") ?? "";
    const node = subject.slice(this.#prefix.length);
    if (!isNode(node) || message.string() === BYE) return;
    this.#table.renew(node, LENGTH - age, performance.now());
  }

  #receive(message: Msg): void {
    const node = message.subject.slice(this.#prefix.length);
    if (!isNode(node)) return;
    const before = this.nodes;
    const now = performance.now();
    if (node === this.#node) this.#expire(now);
    else if (message.string() === BYE) this.#end(node, now);
    else this.#table.renew(node, LENGTH, now);
    this.#report(before);
  }

  /** The own lease has come back, so the leases of the others have come, too. */
  #expire(now: number): void {
    for (const node of this.#table.expire(now)) this.#events.onGone(node);
  }

  #end(node: string, now: number): void {
    this.#table.end(node, now);
    this.#events.onGone(node);
  }

  #report(before: ReadonlySet<string>): void {
    const { nodes } = this;
    const isSame = nodes.size === before.size && nodes.isSubsetOf(before);
    if (!isSame) this.#events.onNodes(nodes);
  }

  #renew(): void {
    if (!this.#link.isUp) return;
    this.#events.onRenewal();
    try {
      this.#link.publish(this.#subject, "");
    } catch {
      // The connection reports that it is lost.
    }
  }
}

function isNode(node: string): boolean {
  return /^[\w-]{1,40}$/.test(node);
}

/** The age of a message, by the clock of NATS. */
function ageOf(message: Msg, now: string | undefined): number {
  const time = headersOf(message)?.get("Nats-Time-Stamp") ?? "";
  const age = Date.parse(now ?? "") - Date.parse(time);
  return Number.isFinite(age) ? Math.max(0, age) : 0;
}
