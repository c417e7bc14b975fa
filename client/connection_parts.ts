/**
 * What `connect` passes to a connection.
 *
 * @module
 */

import type { Contract } from "../contract/contract.ts";
import type { Link, MessageReceiver } from "./link.ts";
import type { ClientLog } from "./log.ts";
import type { StateNotifier } from "./status.ts";
import type { ContractChecks } from "./validate.ts";

/** What a connection is made of */
export interface ConnectionParts {
  /** The URL of the server, which contains no secret */
  readonly url: string;
  /** Logs the errors of listeners */
  readonly log: ClientLog;
  /** The contract with the server */
  readonly contract: Contract | undefined;
  /** Validates what the server sends; `undefined` if the client trusts the server */
  readonly checks: ContractChecks | undefined;
  /** The option `maxBuffered`, in bytes */
  readonly maxBuffered: number;
  /** Creates the link, which sets the state and passes on the messages of the server. */
  createLink(status: StateNotifier, receiver: MessageReceiver): Link;
}
