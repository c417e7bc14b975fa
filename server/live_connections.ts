/**
 * The connections of one server that have a socket: their places, the time for their logins,
 * and what becomes of those whose upgrade seems to be lost.
 *
 * @module
 */

import { CloseCode } from "../common/codes.ts";
import type { RemotePeer } from "./admission.ts";
import { type Opening, Openings } from "./openings.ts";
import type { ExceededByLogin, Place } from "./places.ts";
import { TimeoutQueue } from "./scheduler.ts";
import type { Upgrades } from "./upgrades.ts";

/** What this module needs of a connection. */
export interface LiveConnection extends Opening {
  readonly peer: RemotePeer;
  /** Whether the connection has ended; its socket can still be closing */
  readonly isClosed: boolean;
  /** Called when the time for the login has expired. */
  expire(): void;
  /** Waits for an upgrade that is probably lost. */
  awaitOpening(): void;
  /** Ends the connection without waiting for its upgrade. */
  abandon(): void;
  /** Closes the connection. */
  close(code: number, reason: string): void;
}

/** What this module needs of its server. */
export interface LiveConnectionsHost {
  /** How long a client can take to log in, in milliseconds */
  readonly loginTimeout: number;
  readonly upgrades: Pick<
    Upgrades,
    "expectResets" | "countLost" | "restoreLost"
  >;
  /** Whether another connection can enter. */
  hasPlace(peer: RemotePeer): boolean;
  /** Counts a connection. */
  enter(peer: RemotePeer): Place;
  /** Called with each connection. */
  onConnection(): void;
  /** Called when the last connection is gone. */
  onEmpty(): void;
  /** Returns the length of all stalls of the event loop, in milliseconds. */
  stalled(): number;
}

/** The connections of one server. */
export class LiveConnections<Connection extends LiveConnection> {
  readonly #host: LiveConnectionsHost;
  /** The connections that count, including those that have not logged in */
  readonly #places = new Map<Connection, Place>();
  /** The connections without a place, because their upgrade is probably lost */
  readonly #suspended = new Set<Connection>();
  /** Closes the connections of clients that do not log in */
  readonly #logins: TimeoutQueue<Connection>;
  readonly #openings: Openings<Connection>;
  #onEmptied: (() => void) | undefined;

  /** Constructs `LiveConnections`. */
  constructor(host: LiveConnectionsHost) {
    this.#host = host;
    this.#logins = new TimeoutQueue<Connection>(
      host.loginTimeout,
      (connection) => this.#expire(connection),
    );
    this.#openings = new Openings<Connection>({
      onLate: () => host.upgrades.expectResets(),
      onLost: (connection) => this.#suspend(connection),
      onAbandoned: (connection) => connection.abandon(),
    }, () => host.stalled());
  }

  /** The number of connections that count */
  get size(): number {
    return this.#places.size;
  }

  /** Returns the connections that count. */
  keys(): IterableIterator<Connection> {
    return this.#places.keys();
  }

  /** All connections, also those whose upgrade is probably lost */
  get all(): readonly Connection[] {
    return [...this.#places.keys(), ...this.#suspended];
  }

  /** Adds a connection whose socket opens. */
  add(connection: Connection): void {
    this.#enter(connection);
    this.#openings.add(connection);
  }

  /** Lets a client log in; returns the limit that it exceeds, if it cannot. */
  admit(connection: Connection): ExceededByLogin | undefined {
    const exceeded = this.#places.get(connection)?.admit();
    if (exceeded !== undefined) return exceeded;
    this.#logins.delete(connection);
    this.#openings.delete(connection);
  }

  /**
   * Counts a connection again, because its socket has opened. Closes it if there was no place.
   * A client that does not answer the Close frame keeps its socket, so that it counts, too.
   */
  resume(connection: Connection): void {
    const { peer } = connection;
    this.#host.upgrades.restoreLost(peer);
    this.#openings.delete(connection);
    this.#suspended.delete(connection);
    const hasPlace = this.#host.hasPlace(peer);
    this.#enter(connection);
    if (connection.isClosed) return this.close(connection);
    if (hasPlace) return;
    const { TRY_AGAIN_LATER } = CloseCode;
    connection.close(TRY_AGAIN_LATER, "the server has too many connections");
  }

  /** Notes that a connection has ended; its socket can still be closing. */
  close(connection: Connection): void {
    this.#places.get(connection)?.close();
    this.#suspended.delete(connection);
    this.#logins.delete(connection);
  }

  /** Removes a connection whose socket is gone. Deno closes some sockets twice. */
  delete(connection: Connection): void {
    this.#openings.delete(connection);
    const place = this.#places.get(connection);
    if (place === undefined) return;
    this.#places.delete(connection);
    place.leave();
    const { upgrades, onEmpty } = this.#host;
    if (connection.isOpening) upgrades.countLost(connection.peer);
    if (this.#places.size > 0) return;
    onEmpty();
    this.#onEmptied?.();
  }

  /** Resolves when the last connection is gone. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmptied = resolve;
      if (this.#places.size === 0) resolve();
    });
  }

  #expire(connection: Connection): void {
    // The client can send nothing yet. If the upgrade is lost, the time ends.
    if (connection.isOpening) this.#logins.add(connection);
    else connection.expire();
  }

  #enter(connection: Connection): void {
    this.#places.set(connection, this.#host.enter(connection.peer));
    this.#host.onConnection();
    this.#logins.add(connection);
  }

  /** Frees the place of a connection whose upgrade is probably lost; returns whether to wait. */
  #suspend(connection: Connection): boolean {
    const { isClosed } = connection;
    connection.awaitOpening();
    this.#logins.delete(connection);
    this.delete(connection);
    if (isClosed) connection.abandon();
    else this.#suspended.add(connection);
    return !isClosed;
  }
}
