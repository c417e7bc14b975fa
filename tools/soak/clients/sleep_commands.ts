/**
 * The commands to the thread of a client that sleeps.
 *
 * @module
 */

/** Short heartbeats, whose timeout is long enough for a busy machine. */
export const HEARTBEAT = { interval: 1_000, timeout: 5_000 } as const;

/** What the thread does: connect, sleep and make a request, close. */
export type SleepCommand =
  | {
    readonly kind: "start";
    readonly alarm: Int32Array<SharedArrayBuffer>;
    readonly port: number;
    readonly name: string;
  }
  | { readonly kind: "sleep" | "close" };

/** The answer to a command; another one comes before a sleep. */
export interface Awakening {
  /** How often the connection was lost */
  readonly losses: number;
  /** The close code at the end */
  readonly code?: number;
}
