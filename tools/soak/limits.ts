/**
 * The limits of the server in the soak test, which clients can reach.
 *
 * @module
 */

/** The limits that do not depend on the number of clients. */
export const LIMITS = {
  maxPayload: 16_384,
  /** Long enough for a machine that is so busy that a client stalls for seconds */
  loginTimeout: 30_000,
  maxLoginFailures: 3,
  loginFailureWindow: 5_000,
  maxPending: 64,
  /** Low enough for a client to exceed on a busy machine */
  maxRate: 150,
  maxBurst: 400,
  maxBuffered: 262_144,
  maxDepth: 8,
} as const;

/**
 * How long a client without heartbeats can be silent, in milliseconds. Clients with the
 * shortest heartbeats can be silent for the same time.
 */
export const IDLE_TIMEOUT = 17_000;

/**
 * Returns the number of connections that the server allows for a number of visitors, and
 * as many members of rooms.
 */
export function maxConnections(clients: number): number {
  return 3 * clients;
}
