/**
 * The places of a server: how many connections are logged in, and how many are not.
 *
 * @module
 */

import type { ResolvedLimits } from "./limits.ts";

/** A limit that a client exceeds when it logs in. */
export type ExceededByLogin = "maxConnections" | "maxConnectionsPerAddress";

/** A limit that a new connection exceeds. */
export type ExceededByUpgrade = ExceededByLogin | "maxUnauthenticated";

/**
 * How much of the remaining reserve one network can hold. A small part, so that many networks
 * together leave a rest for a network that holds nothing.
 */
const SHARE = 1 / 16;

/** Counts connections, and those of each network. */
class Counter {
  total = 0;
  readonly #byNetwork = new Map<string, number>();

  of(network: string): number {
    return this.#byNetwork.get(network) ?? 0;
  }

  add(network: string): void {
    this.total++;
    this.#byNetwork.set(network, this.of(network) + 1);
  }

  remove(network: string): void {
    this.total--;
    const left = this.of(network) - 1;
    if (left > 0) this.#byNetwork.set(network, left);
    else this.#byNetwork.delete(network);
  }
}

/**
 * The places of a server. A connection counts until its socket is gone, because Deno cannot
 * release a socket whose peer does not answer the Close frame.
 */
export class Places {
  readonly #limits: ResolvedLimits;
  /** Connections that have never logged in, also while they close */
  readonly waiting: Counter = new Counter();
  /** Connections that are logged in */
  readonly clients: Counter = new Counter();
  /** Connections that were logged in, and are closing */
  readonly leaving: Counter = new Counter();
  /** Called when a client of a network has logged in */
  readonly onLogin: (network: string) => void;

  constructor(
    limits: ResolvedLimits,
    onLogin: (network: string) => void = () => {},
  ) {
    this.#limits = limits;
    this.onLogin = onLogin;
  }

  /** Returns the limit that rejects a new connection; `undefined` if it can enter. */
  exceededByUpgrade(network: string): ExceededByUpgrade | undefined {
    const exceeded = this.exceededByLogin(network);
    if (exceeded !== undefined) return exceeded;
    return this.hasPlaceFor(network) ? undefined : "maxUnauthenticated";
  }

  /** Returns the limit that another client exceeds when it logs in. */
  exceededByLogin(network: string): ExceededByLogin | undefined {
    const { maxConnections, maxConnectionsPerAddress: limit } = this.#limits;
    const clients = this.clients.of(network);
    const all = clients + this.leaving.of(network);
    // All clients of an address can come back while their old sockets still close.
    if (clients >= limit || all >= 2 * limit) return "maxConnectionsPerAddress";
    const total = this.clients.total + this.leaving.total;
    return total >= maxConnections ? "maxConnections" : undefined;
  }

  /**
   * Whether another connection that is not logged in can enter. Up to the limit, all networks
   * can. Beyond it there is a reserve of the same size for networks that hold few places.
   */
  hasPlaceFor(network: string): boolean {
    const { maxUnauthenticated: limit } = this.#limits;
    const { total } = this.waiting;
    if (total < limit) return true;
    return this.waiting.of(network) < SHARE * (2 * limit - total);
  }
}

/** The place of one connection, which begins as one that is not logged in. */
export class Place {
  readonly #places: Places;
  readonly #network: string;
  #counter: Counter;

  constructor(places: Places, network: string) {
    this.#places = places;
    this.#network = network;
    this.#counter = places.waiting;
    this.#counter.add(network);
  }

  /** The client logs in; returns the limit that it exceeds, if it cannot. */
  admit(): ExceededByLogin | undefined {
    const exceeded = this.#places.exceededByLogin(this.#network);
    if (exceeded !== undefined) return exceeded;
    this.#moveTo(this.#places.clients);
    this.#places.onLogin(this.#network);
  }

  /** The connection has ended, but its socket can still be closing. */
  close(): void {
    const { clients, leaving } = this.#places;
    if (this.#counter === clients) this.#moveTo(leaving);
  }

  /** The socket is gone; call it once. */
  leave(): void {
    this.#counter.remove(this.#network);
  }

  #moveTo(counter: Counter): void {
    this.#counter.remove(this.#network);
    this.#counter = counter;
    counter.add(this.#network);
  }
}
