/**
 * The limits of the server in the long run: such that clients can reach them.
 *
 * @module
 */

/** Limits that do not depend on how many clients there are. */
export const LIMITS = {
  maxPayload: 16_384,
  /** Long enough for a machine that has much else to do */
  loginTimeout: 5_000,
  maxLoginFailures: 3,
  loginFailureWindow: 5_000,
  maxPending: 64,
  maxRate: 1_000,
  maxBurst: 2_000,
  maxBuffered: 262_144,
  maxDepth: 8,
} as const;

/** How many connections there may be for a number of clients. */
export function maxConnections(clients: number): number {
  return 2 * clients;
}
