/**
 * Deciding who may log in to a server, and how often that may be tried.
 *
 * @module
 */

import type { LoginContext } from "../auth.ts";
import type { Admission, RemotePeer } from "./admission.ts";
import type { Credential, TokenStore } from "./credentials.ts";
import type { Log } from "./log.ts";
/** What decides. */
export interface AuthenticatorOptions {
  readonly log: Log;
  readonly credentials: TokenStore;
  /** Knows who has failed too often */
  readonly admission: Admission;
  /**
   * Decides who may log in; it may throw, reject and return anything. The tokens
   * decide if `undefined`.
   */
  readonly login:
    | ((token: string, context: LoginContext) => unknown)
    | undefined;
}

type Auth = typeof import("../auth.ts");

/** Loaded at the first login: with it, `node:crypto` would double the time to start. */
let auth: Auth | undefined;

/** Decides who may log in to one server. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** What has to be known of a request before it is upgraded. */
  originOf(request: Request, peer: RemotePeer): UpgradeContext {
    // Only a login of the host looks at it, and copying it takes its time.
    if (this.#options.login === undefined) return { peer };
    // After the upgrade the request cannot be read any more.
    const url = new URL(request.url);
    const headers = new Headers(request.headers);
    return { peer, request: { url, headers } };
  }

  /** Whether a client may log in; never rejects. */
  authenticate(
    token: string,
    version: string,
    { peer, request }: UpgradeContext,
  ): LoginResult | Promise<LoginResult> {
    const { login, admission } = this.#options;
    if (admission.lockout(peer) > 0) return "locked out";
    if (login !== undefined && request !== undefined) {
      const context = { address: peer.address, version, ...request };
      return this.#ask(peer, token, () => login(token, context));
    }
    if (auth !== undefined) return this.#find(auth, token, peer);
    return import("../auth.ts").then((loaded) => {
      auth = loaded;
      return this.#find(auth, token, peer);
    });
  }

  /** What the login function of the host says. */
  async #ask(
    peer: RemotePeer,
    token: string,
    login: () => unknown,
  ): Promise<LoginResult> {
    try {
      return this.#checked(grantOf(await login()), peer);
    } catch (error) {
      const text = `${peer.address}: the login function failed`;
      this.#options.log.exception(text, error, token);
      // Many a login throws at a token that is wrong, others when their database is away.
      const admittance = this.#checked(undefined, peer);
      return admittance === "refused" ? "failed" : admittance;
    }
  }

  #find({ findToken }: Auth, token: string, peer: RemotePeer): LoginResult {
    const { credentials } = this.#options;
    const credential = findToken(credentials.current(), token);
    if (credential !== undefined) {
      return this.#checked({ identity: credential.identity, credential }, peer);
    }
    // Whoever was just closed because its token is over has not guessed one.
    const isRetired = findToken(credentials.revoked, token) !== undefined;
    return isRetired ? "refused" : this.#checked(undefined, peer);
  }

  /** Whoever guesses many tokens at once is not let in by the one that is right. */
  #checked(grant: Authenticated | undefined, peer: RemotePeer): LoginResult {
    const { admission } = this.#options;
    const isLockedOut = admission.lockout(peer) > 0;
    if (grant === undefined) admission.fail(peer);
    return isLockedOut ? "locked out" : grant ?? "refused";
  }
}

/** What the login function of the host makes of a client. */
function grantOf(decision: unknown): Authenticated | undefined {
  if (decision === true) return { identity: undefined };
  if (decision instanceof Error) throw decision;
  return typeof decision === "object" && decision !== null
    ? { identity: decision }
    : undefined;
}

/** What is known of a client before it says a word. */
export interface UpgradeContext {
  readonly peer: RemotePeer;
  /** What a login of the host may look at */
  readonly request?: Pick<LoginContext, "url" | "headers">;
}

/** Whether a client may log in: not with this token, with none for a time, or who knows. */
export type LoginResult = Authenticated | "refused" | "locked out" | "failed";

/** What a client that has logged in is. */
export interface Authenticated {
  /** What the login of the host made of it, or the name of its token */
  readonly identity: unknown;
  /** What it logged in with, unless the host has a login of its own */
  readonly credential?: Credential;
}
