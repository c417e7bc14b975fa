/**
 * The context of a client during a visit.
 *
 * @module
 */

import type { Connection } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";
import type { Random } from "../random.ts";
import { FrameChecker } from "./frame_checker.ts";
import { RawSocket } from "./raw_socket.ts";
import type { Tally } from "./tally.ts";

/** One visit of one client, from connect to disconnect. */
export interface Visit {
  readonly port: number;
  /** A name that no other visit has */
  readonly name: string;
  readonly random: Random;
  readonly tally: Tally;
  /** Whether the client should disconnect */
  isOver(): boolean;
  /** Called with each problem */
  report(problem: string): void;
}

/** The behavior of a client during a visit. */
export type Role = (visit: Visit) => Promise<void>;

/** Returns a checker for a connection of a visit. */
export function checkerOf(
  { name, tally, report }: Visit,
  allowed: readonly number[] = [],
): FrameChecker {
  return new FrameChecker({
    tally,
    allowed,
    report: (problem) => report(`${name}: ${problem}`),
  });
}

/** Waits for a random time. */
export function idle({ random }: Visit, most: number): Promise<void> {
  return pause(random.between(0, most));
}

/** Closes a connection, and counts its end. */
export async function closeAndCount(
  connection: Connection,
  { tally }: Visit,
): Promise<void> {
  await connection.close();
  tally.end(`code ${(await connection.closed).code}`);
}

/** Returns the socket, or throws an error if the server rejected it. */
export function assertOpen(socket: RawSocket | number): RawSocket {
  if (socket instanceof RawSocket) return socket;
  throw new Error(`the server rejected an upgrade with status ${socket}`);
}
