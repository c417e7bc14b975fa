/**
 * What a server does with its connections as a group.
 *
 * @module
 */

import { CloseCode } from "../common/errors.ts";
import type { Credential } from "./credentials.ts";
import type { Log } from "./log.ts";
import type { RenewalEvents } from "./renewals.ts";
import { forEachPerTurn } from "./scheduler.ts";

/** A connection, as its server handles all of them. */
interface GroupedConnection {
  /** Whether requests of the client are in progress */
  readonly isBusy: boolean;
  askForToken(): void;
  close(code: number, reason: string): void;
  /** The token that the client logged in with, if the server has it */
  readonly credential: Credential | undefined;
  readonly isClosed: boolean;
  shutdown(): Promise<void>;
}

/** Asks connections for new tokens, and closes those that have sent none. */
export const RENEWAL_EVENTS: RenewalEvents<GroupedConnection> = {
  onDue: (connection) => connection.askForToken(),
  onExpired: (connection) =>
    connection.close(CloseCode.POLICY_VIOLATION, "token expired"),
};

/** Returns the open connections whose clients used a token. */
export function connectionsWith<Connection extends GroupedConnection>(
  credential: Credential,
  connections: Iterable<Connection>,
): Connection[] {
  // A client that has left can still have a socket, which is closing.
  return [...connections].filter((connection) =>
    connection.credential === credential && !connection.isClosed
  );
}

/** Closes the connections whose clients used a token; returns their number. */
export function closeAllWith(
  credential: Credential,
  connections: Iterable<GroupedConnection>,
  reason: string,
): number {
  const closing = connectionsWith(credential, connections);
  for (const each of closing) each.close(CloseCode.POLICY_VIOLATION, reason);
  return closing.length;
}

/** Resolves when all connections have answered their requests and are closed. */
export async function shutDownAll(
  connections: readonly GroupedConnection[],
): Promise<void> {
  const closed: Promise<void>[] = [];
  await forEachPerTurn(
    connections,
    (connection) => closed.push(connection.shutdown()),
  );
  await Promise.all(closed);
}

/** Logs how many connections still had requests when the time was over. */
export function logUnfinished(
  log: Log,
  connections: readonly GroupedConnection[],
  timeout: number,
): void {
  const { length } = connections.filter(({ isBusy }) => isBusy);
  const closed = length === 1
    ? "1 connection that still had"
    : `${length} connections that still had`;
  log.warn(
    "shutdown",
    `closed ${closed} requests in progress after ${timeout} ms`,
  );
}
