/**
 * The other nodes of a deployment, as a node knows them from the leases in the engine.
 *
 * @module
 */

import { LEASE } from "./cluster.ts";

/** The maximum number of nodes, and of ended ones. What an engine reports beyond is ignored. */
const MAX_NODES = 10_000;

/** How long a node that has ended is remembered, in milliseconds. */
const ENDED_TTL = 60_000;

/** The leases of the other nodes. All times are those of this process, in milliseconds. */
export class NodeTable {
  readonly #self: string;
  readonly #interval: number;
  /** When the lease of each node ends */
  readonly #leases = new Map<string, number>();
  /** When nodes gave their leases back. An answer that is older can still contain them */
  readonly #ended = new Map<string, number>();
  #renewedAt = Infinity;
  #settledAt = -Infinity;

  /**
   * Constructs a `NodeTable`.
   *
   * @param self The node that is not another one
   * @param interval How often the nodes renew their leases, in milliseconds
   */
  constructor(self: string, interval: number) {
    this.#self = self;
    this.#interval = interval;
  }

  /** The ids of the nodes that have a lease */
  get nodes(): ReadonlySet<string> {
    return new Set(this.#leases.keys());
  }

  /** Returns whether a node has a lease. */
  has(node: string): boolean {
    return this.#leases.has(node);
  }

  /** Returns whether each node has had the time to renew its lease since the engine was down. */
  isSettled(now: number): boolean {
    return now >= this.#settledAt;
  }

  /** Notes the lease of a node, which ends after `rest` milliseconds. */
  renew(node: string, rest: number, now: number): void {
    if (node === this.#self || this.#ended.has(node)) return;
    const known = this.#leases.get(node);
    if (known === undefined && this.#leases.size >= MAX_NODES) return;
    const end = now + Math.min(rest, LEASE);
    this.#leases.set(node, Math.max(known ?? 0, end));
  }

  /** Removes a node that has given its lease back. */
  end(node: string, now: number): void {
    this.#leases.delete(node);
    if (this.#ended.size < MAX_NODES) this.#ended.set(node, now);
  }

  /**
   * Removes the nodes whose lease has ended. Called each time the engine has reported the
   * leases.
   *
   * @returns The nodes that were removed
   */
  expire(now: number): readonly string[] {
    // The other nodes could not renew their leases, either.
    if (now - this.#renewedAt > 2 * this.#interval) this.#extend(now);
    this.#renewedAt = now;
    for (const [node, time] of this.#ended) {
      if (time + ENDED_TTL <= now) this.#ended.delete(node);
    }
    const gone = [...this.#leases].filter(([, end]) => end <= now)
      .map(([node]) => node);
    for (const node of gone) this.#leases.delete(node);
    return gone;
  }

  #extend(now: number): void {
    this.#settledAt = now + LEASE;
    for (const node of this.#leases.keys()) this.#leases.set(node, now + LEASE);
  }
}
