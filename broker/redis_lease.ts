/**
 * The lease of a node in Redis, and the leases of the others.
 *
 * @module
 */

import { Deadline } from "../common/async.ts";
import { LEASE } from "./cluster.ts";
import { NodeTable } from "./node_table.ts";
import type { RedisConnection } from "./redis_connection.ts";
import type { RedisNames } from "./redis_names.ts";
import { RENEW } from "./redis_scripts.ts";

/** How often a lease is renewed, in milliseconds. */
const INTERVAL = LEASE / 4;

/** The length of a lease. The others look for its end once in an interval. */
const LENGTH = LEASE - INTERVAL;

/** Receives what is known about the leases. */
export interface LeaseEvents {
  /** Called after each change of the other nodes. */
  onNodes(nodes: ReadonlySet<string>): void;
  /** Called when a node has no lease any more. */
  onGone(node: string): void;
  /** Called when Redis has renewed the lease. */
  onRenewed(): void;
  /** Called when it has not. */
  onFailure(error: Error): void;
}

/** The lease of one node. */
export class RedisLease {
  readonly #connection: RedisConnection;
  readonly #names: RedisNames;
  readonly #node: string;
  readonly #events: LeaseEvents;
  readonly #table: NodeTable;
  #next: Deadline | undefined;
  #isEnded = false;

  /** Constructs a `RedisLease`, which does nothing yet. */
  constructor(
    connection: RedisConnection,
    names: RedisNames,
    node: string,
    events: LeaseEvents,
  ) {
    this.#connection = connection;
    this.#names = names;
    this.#node = node;
    this.#table = new NodeTable(node, INTERVAL);
    this.#events = events;
  }

  /** The other nodes that have a lease */
  get nodes(): ReadonlySet<string> {
    return this.#table.nodes;
  }

  /**
   * Returns whether a node that cannot be reached is gone. A moment after Redis was down, it can
   * be alive and not connected yet.
   */
  isGone(node: string): boolean {
    return !this.#table.has(node) || this.#table.isSettled(performance.now());
  }

  /**
   * Renews the lease, and notes those of the others.
   *
   * @throws {PublishError} If it was not renewed
   */
  async renew(): Promise<void> {
    const reply = await this.#connection.evaluate(
      "Cannot renew the lease of this server",
      RENEW,
      [this.#names.leases],
      [this.#node, String(LENGTH)],
    );
    if (this.#isEnded) return;
    this.#update(() => this.#note(reply));
  }

  /** Renews the lease regularly. */
  start(): void {
    this.#next = new Deadline(INTERVAL, () => void this.#renewAgain());
  }

  /** Notes that a node has taken a lease. */
  onHello(node: string): void {
    const now = performance.now();
    this.#update(() => this.#table.renew(node, LENGTH, now));
  }

  /** Notes that a node has given its lease back. */
  onBye(node: string): void {
    const isKnown = this.#table.has(node);
    this.#update(() => this.#table.end(node, performance.now()));
    if (isKnown) this.#events.onGone(node);
  }

  /** Stops renewing the lease. */
  stop(): void {
    this.#isEnded = true;
    this.#next?.cancel();
  }

  /** Gives the lease back, so that the others need not wait for its end. */
  async release(): Promise<void> {
    const subject = "Cannot end the lease of this server";
    const { leases } = this.#names;
    await this.#connection.run(subject, "ZREM", leases, this.#node);
  }

  async #renewAgain(): Promise<void> {
    try {
      await this.renew();
      if (!this.#isEnded) this.#events.onRenewed();
    } catch (error) {
      if (!this.#isEnded) this.#events.onFailure(error as Error);
    }
    if (!this.#isEnded) this.start();
  }

  /** Notes the leases in the answer of Redis: a node, the rest of its lease, and so on. */
  #note(reply: unknown): void {
    const now = performance.now();
    const found = Array.isArray(reply) ? reply : [];
    for (let index = 0; index + 1 < found.length; index += 2) {
      const [node, rest] = [String(found[index]), Number(found[index + 1])];
      if (/^[\w-]{1,40}$/.test(node) && rest > 0) {
        this.#table.renew(node, rest, now);
      }
    }
    for (const node of this.#table.expire(now)) this.#events.onGone(node);
  }

  /** Changes the table, and reports the nodes if they are others now. */
  #update(change: () => void): void {
    const before = this.#table.nodes;
    change();
    const { nodes } = this.#table;
    const isSame = nodes.size === before.size &&
      nodes.isSubsetOf(before);
    if (!isSame) this.#events.onNodes(nodes);
  }
}
