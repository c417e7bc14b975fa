/**
 * What a client of the group knows while it visits the server.
 *
 * @module
 */

import { pause } from "../../lib/deadline.ts";
import type { Random } from "../random.ts";
import { FrameChecker } from "./frame_checker.ts";
import { RawSocket } from "./raw_socket.ts";
import type { Tally } from "./tally.ts";

/** One visit of one client, from its connecting to its leaving. */
export interface Visit {
  readonly port: number;
  /** A name that no other visit has */
  readonly name: string;
  readonly random: Random;
  readonly tally: Tally;
  /** Whether it is time to leave */
  isOver(): boolean;
  /** Is told what is wrong */
  report(problem: string): void;
}

/** What a kind of client does in a visit. */
export type Role = (visit: Visit) => Promise<void>;

/** A checker for a connection of a visit; `allowed` as in its options. */
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

/** Does nothing for a while. */
export function idle({ random }: Visit, most: number): Promise<void> {
  return pause(random.between(0, most));
}

/** A socket that the server has no reason to refuse. */
export function assertOpen(socket: RawSocket | number): RawSocket {
  if (socket instanceof RawSocket) return socket;
  throw new Error(`the server answered an upgrade with status ${socket}`);
}
