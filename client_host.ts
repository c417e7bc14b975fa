/**
 * What a client of a server needs of that server.
 *
 * @module
 */

import type { LoginContext } from "./auth.ts";
import type { Peer } from "./admission.ts";
import type { Credential } from "./credentials.ts";
import type { RequestHost } from "./requests.ts";
import type { ServerClient } from "./server_client.ts";
import type { SessionRules } from "./session.ts";

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
    origin: Origin,
  ): Admittance | Promise<Admittance>;
  /** The client has logged in. */
  join(client: ServerClient): void;
  /** Sends the broadcasts that the client lacks. */
  catchUp(client: ServerClient): void;
  /** The client takes part no more; its socket may still be closing. */
  leave(client: ServerClient): void;
  /** The socket of the client is gone. */
  forget(client: ServerClient): void;
}

/** What is known of a client before it says a word. */
export interface Origin {
  readonly peer: Peer;
  /** What a login of the host may look at */
  readonly request?: Pick<LoginContext, "url" | "headers">;
}

/** Whether a client may log in: not with this token, with none for a time, or who knows. */
export type Admittance = Grant | "refused" | "locked out" | "failed";

/** What a client that has logged in is. */
export interface Grant {
  /** What the login of the host made of it, or the name of its token */
  readonly identity: unknown;
  /** What it logged in with, unless the host has a login of its own */
  readonly credential?: Credential;
}
