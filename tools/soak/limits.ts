/**
 * The limits of the server in the soak test, which clients can reach.
 *
 * @module
 */

/** The limits that do not depend on the number of clients. */
export const LIMITS = {
  maxPayload: 16_384,
  /** Long enough for a busy machine */
  loginTimeout: 5_000,
  maxLoginFailures: 3,
  loginFailureWindow: 5_000,
  maxPending: 64,
  maxRate: 1_000,
  maxBurst: 2_000,
  maxBuffered: 262_144,
  maxDepth: 8,
} as const;

/** Returns the number of connections that the server allows for a number of clients. */
export function maxConnections(clients: number): number {
  return 2 * clients;
}
