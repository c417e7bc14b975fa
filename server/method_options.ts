/**
 * The options of the methods of a server, their checks and their defaults.
 *
 * @module
 */

import {
  checkBoolean,
  checkKeys,
  checkNumber,
  DURATION,
} from "../common/check.ts";
import type { Contract } from "../contract/contract.ts";
import type { DataAndOptions, DataIn, EntryIn } from "../contract/infer.ts";

/** Options of `Server.close` */
export interface CloseOptions {
  /**
   * How long to wait for requests in progress, in milliseconds from 0 to 2,147,483,647. If
   * omitted, the option `closeTimeout` of the server applies.
   */
  readonly timeout?: number | undefined;
}

/** Options of `Server.rotate` */
export interface RotateOptions {
  /**
   * How long the server still accepts the old token, in milliseconds from 0 to
   * 2,147,483,647.
   *
   * @default {0}
   */
  readonly grace?: number | undefined;
}

const CLOSE_KEYS: Readonly<Record<keyof CloseOptions, true>> = {
  timeout: true,
};

const ROTATE_KEYS: Readonly<Record<keyof RotateOptions, true>> = {
  grace: true,
};

/** Checks the options of `close`. */
export function resolveTimeout(options: CloseOptions): number | undefined {
  checkKeys("Cannot close", options, CLOSE_KEYS);
  return checkNumber("Cannot close", "timeout", options.timeout, DURATION);
}

/** Checks the options of `rotate` and adds the default. */
export function resolveGrace(options: RotateOptions): number {
  const subject = "Cannot rotate the token";
  checkKeys(subject, options, ROTATE_KEYS);
  const { grace = 0 } = options;
  return checkNumber(subject, "grace", grace, DURATION);
}

/** Options of `Server.broadcast` and `User.message` */
export interface BroadcastOptions {
  /**
   * Whether the counts include the clients of all servers. Each server then sends an answer.
   * Without it, the counts are for this server.
   *
   * @default {false}
   */
  readonly ledger?: boolean | undefined;
}

/** The data and the options of `Server.broadcast` and `User.message` */
export type BroadcastArguments<Of extends Contract, Name> = DataAndOptions<
  DataIn<EntryIn<Of["events"], Name>>,
  BroadcastOptions
>;

const KEYS: Readonly<Record<keyof BroadcastOptions, true>> = { ledger: true };

/** Checks the options, and returns whether the clients of all servers are counted. */
export function resolveLedger(
  subject: string,
  options: BroadcastOptions,
): boolean {
  checkKeys(subject, options, KEYS);
  return checkBoolean(subject, "ledger", options.ledger) ?? false;
}
