/**
 * What a client of a server needs of that server.
 *
 * @module
 */

import { type Listeners } from "../common/listeners.ts";
import { type Contract } from "../contract/contract.ts";
import { type Feature } from "../protocol/features.ts";
import { LoginResult, UpgradeContext } from "./authenticator.ts";
import { type ServerConnection } from "./connection.ts";
import { type ConnectionLog } from "./connection_log.ts";
import { type ResolvedLimits } from "./limits.ts";
import { type Log } from "./log.ts";
import {
  type Client,
  ClientMessage,
  type OperationContext,
} from "./message.ts";
import { type Operations } from "./registry.ts";
import { type FairScheduler } from "./scheduler.ts";
import { type SessionRules } from "./session.ts";
/** What a client needs of its server. */
export interface ClientHost extends RequestHost {
  /** What a client has to keep to */
  readonly rules: SessionRules;
  /** Whether a client that reads too slowly stays, and misses what does not fit */
  readonly skipsSlow: boolean;
  /** With how many clients the server began to close; no further request is taken */
  readonly closing: { readonly clients: number } | undefined;
  /** Whether the client may log in; never rejects. */
  authenticate(
    token: string,
    version: string,
    origin: UpgradeContext,
  ): LoginResult | Promise<LoginResult>;
  /** The client has logged in. */
  join(client: ServerConnection): void;
  /** Sends the broadcasts that the client lacks. */
  catchUp(client: ServerConnection): void;
  /** The client takes part no more; its socket may still be closing. */
  leave(client: ServerConnection): void;
  /** The socket of the client is gone. */
  forget(client: ServerConnection): void;
}

/** What all the clients of a server answer from. */
export interface RequestHost {
  readonly log: Log;
  readonly listeners: Listeners<ClientMessage>;
  readonly operations: Operations<OperationContext>;
  /** What the messages have to be, if that is known */
  readonly contract: Contract | undefined;
  /** Gives the streams of all clients their turns */
  readonly turns: FairScheduler;
  readonly exposeErrors: boolean;
  readonly limits: ResolvedLimits;
  /** A number that no message of this server has had. */
  nextMessageId(): number;
}

/** The client that is answered. */
export interface RequestClient extends Client {
  /** What it speaks beyond Hoist 1 */
  readonly features: ReadonlySet<Feature>;
  readonly log: ConnectionLog;
  /** Sends a frame, if the client is still there; never throws. */
  send(frame: string): void;
  /** The same for what it did not ask for, and may be left out */
  notify(frame: string): void;
  /** Whether a frame of so many UTF-16 units can be sent that can wait. */
  hasCapacity(units: number): boolean;
  /** Waits a moment, in which there may be more room. */
  moment(): Promise<void>;
}
