/**
 * Decides whether a client can log in, and counts the rejected tokens of its address.
 *
 * @module
 */

import { findToken, type LoginContext, type RenewingClient } from "../auth.ts";
import { isOwnError } from "../common/application_error.ts";
import { invalidType } from "../common/check.ts";
import { LogThrottle } from "../common/rate_limiter.ts";
import type { Admission, LoginFailure, RemotePeer } from "./admission.ts";
import { ApplicationAnswer, LOGIN_FAILURE } from "./error_response.ts";
import type { Credential, TokenStore } from "./credentials.ts";
import type { Log } from "./log.ts";
import { LoginQueue } from "./login_queue.ts";
import { checkUser } from "./user_name.ts";

/** The number of exceptions of the login function that are logged at once. */
const MAX_LINES = 100;

const LINES_PER_SECOND = 1;

/** Options of {@linkcode Authenticator} */
export interface AuthenticatorOptions {
  readonly log: Log;
  readonly credentials: TokenStore;
  /** Counts the failed logins */
  readonly admission: Admission;
  /** How long a login function has to decide, in milliseconds */
  readonly loginTimeout: number;
  /** The maximum size of a frame, in bytes */
  readonly maxBuffered: number;
  /**
   * The login function of the application, which can throw, reject and return anything. The
   * tokens decide if it is `undefined`.
   */
  readonly login:
    | ((token: string, context: LoginContext) => unknown)
    | undefined;
}

/** Decides which clients can log in to one server. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #lines = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
  /** The logins that wait for the login function */
  readonly #queue: LoginQueue;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#queue = new LoginQueue(options.admission, options.loginTimeout);
  }

  /** Returns what a login needs of a request, which cannot be read after the upgrade. */
  contextOf(request: Request, peer: RemotePeer): UpgradeContext {
    // Only a login function reads the request, and a copy takes time.
    if (this.#options.login === undefined) return { peer };
    const url = new URL(request.url);
    const headers = new Headers(request.headers);
    return { peer, request: { url, headers } };
  }

  /** Whether logins wait for the login function of the application. */
  get canWait(): boolean {
    return this.#options.login !== undefined;
  }

  /** Returns whether an address is locked out. */
  locksOut(peer: RemotePeer): boolean {
    return this.#options.admission.lockout(peer) > 0;
  }

  /** Counts a malformed login. */
  countFailure(peer: RemotePeer): void {
    this.#options.admission.fail(peer);
  }

  /**
   * Decides whether a client can log in; never rejects.
   *
   * @param token The token that the client sent
   * @param version The version of the client
   * @param upgrade What is known from the upgrade request
   * @param renewing The client, if it is logged in and renews its token
   */
  authenticate(
    token: string,
    version: string,
    upgrade: UpgradeContext,
    renewing?: RenewingClient,
  ): LoginResult | Promise<LoginResult> {
    const { login } = this.#options;
    const { peer } = upgrade;
    if (this.locksOut(peer)) return "locked out";
    if (login === undefined) return this.#find(token, peer);
    const call = async () => {
      const attempt = new LoginAttempt(upgrade, version, renewing);
      const decision = await login(token, attempt.context);
      return authenticatedBy(decision, attempt.result);
    };
    const decide = () => this.#callLogin(peer, token, call);
    return this.#queue.run(peer.network, upgrade, decide);
  }

  /** Drops a login that waits for its turn, because its client is gone. */
  abandon(upgrade: UpgradeContext): void {
    this.#queue.abandon(upgrade.peer.network, upgrade);
  }

  /** Stops all timeouts, because the server is closed. */
  close(): void {
    this.#queue.close();
  }

  /** Checks again at the admission that the token of a login is still valid. */
  confirm(result: LoginResult): LoginResult {
    if (!isAuthenticated(result)) return result;
    const { credential, expires } = result;
    const isValid = credential === undefined
      ? expires === undefined || expires > Date.now()
      : this.#options.credentials.accepts(credential);
    return isValid ? result : "refused";
  }

  /** Calls the login function of the application. */
  async #callLogin(
    peer: RemotePeer,
    token: string,
    login: () => Promise<Authenticated | undefined>,
  ): Promise<LoginResult> {
    // Other logins can have failed while this one waited for its turn.
    if (this.locksOut(peer)) return "locked out";
    try {
      return this.#checked(await login(), peer);
    } catch (error) {
      return await this.#fail(error, peer, token);
    }
  }

  /** Rejects a login whose login function threw. */
  async #fail(
    thrown: unknown,
    peer: RemotePeer,
    token: string,
  ): Promise<LoginResult> {
    const { maxBuffered } = this.#options;
    const error = isOwnError(thrown)
      ? (await ApplicationAnswer.for(thrown, { maxBuffered })).answer
      : thrown;
    if (ApplicationAnswer.is(error)) return this.#refuse(error, peer, token);
    this.#logFailure(`${peer.address}: ${LOGIN_FAILURE}`, error, token);
    // The error counts as a rejected token, because some functions throw for wrong tokens.
    const result = this.#checked(undefined, peer);
    return result === "refused" ? "failed" : result;
  }

  /** Refuses a login with an error of the application, which counts as a rejected token. */
  #refuse(
    answer: ApplicationAnswer,
    peer: RemotePeer,
    token: string,
  ): LoginResult {
    const result = this.#checked(undefined, peer);
    if (result !== "refused") return result;
    const note = this.#options.log.redactToken(answer.note, token);
    return { refusal: { answer, note } };
  }

  /** Logs an exception of the login function. Throttled, because strangers can cause it. */
  #logFailure(text: string, error: unknown, token: string): void {
    const line = this.#lines.pass(text);
    if (line === undefined) return;
    this.#options.log.loginException(line, error, token);
  }

  #find(token: string, peer: RemotePeer): LoginResult {
    const { credentials } = this.#options;
    const credential = findToken(credentials.current(), token);
    if (credential !== undefined) {
      credentials.learn(credential, token);
      const { identity, expires } = credential;
      const known = expires === Infinity ? undefined : expires;
      const user = identity?.name;
      return this.#checked(
        { identity, credential, expires: known, user },
        peer,
      );
    }
    // A client whose token was revoked has not guessed a token.
    const isRevoked = findToken(credentials.revoked, token) !== undefined;
    return isRevoked ? "refused" : this.#checked(undefined, peer);
  }

  /** Counts a rejected token. While an address is locked out, even the right token fails. */
  #checked(
    authenticated: Authenticated | undefined,
    peer: RemotePeer,
  ): LoginResult {
    const { admission } = this.#options;
    const isLockedOut = admission.lockout(peer) > 0;
    if (authenticated === undefined) admission.fail(peer);
    return isLockedOut ? "locked out" : authenticated ?? "refused";
  }
}

/** A call of the login function. */
class LoginAttempt {
  /** What the login function gets */
  readonly context: LoginContext;
  #expires: number | undefined;
  #user: string | undefined;

  constructor(
    { peer: { address }, request }: UpgradeContext,
    version: string,
    renewing: RenewingClient | undefined,
  ) {
    if (request === undefined) {
      throw new TypeError(
        "Cannot call the login function: the upgrade request is missing",
      );
    }
    const expireAt = (time: Date | number) => this.#expireAt(time);
    const setUser = (name: string) => this.#setUser(name);
    this.context = {
      ...{ address, version, ...request, renewing, expireAt, setUser },
    };
  }

  /** What the login function has set */
  get result(): Pick<Authenticated, "expires" | "user"> {
    return { expires: this.#expires, user: this.#user };
  }

  #setUser(name: string): void {
    checkUser("Cannot set the user", name);
    this.#user = name;
  }

  #expireAt(time: Date | number): void {
    const isTime = typeof time === "number" || time instanceof Date;
    if (!isTime || Number.isNaN(Number(time))) {
      const needed = "a Date or a number of milliseconds since 1970";
      throw invalidType("Cannot set the expiry", "the time", needed, time);
    }
    this.#expires = Number(time);
  }
}

/** Interprets the result of a login function; throws if it is probably a mistake. */
function authenticatedBy(
  decision: unknown,
  rest: Pick<Authenticated, "expires" | "user">,
): Authenticated | undefined {
  if (decision === true) return { identity: undefined, ...rest };
  if (decision === false || decision === null || decision === undefined) {
    return undefined;
  }
  if (decision instanceof Error) throw decision;
  const type = typeName(decision);
  if (type === "Object") return { identity: decision, ...rest };
  throw new TypeError(
    `Cannot log a client in: the login function returned a value of the type ${type}. Return true or an object to accept the client, and false, null or undefined to reject it.`,
  );
}

/** Returns the type of a value: `Object` for plain objects and for most classes. */
function typeName(value: unknown): string {
  return typeof value === "object"
    ? Object.prototype.toString.call(value).slice(8, -1)
    : typeof value;
}

/** The facts about a connection before the first frame. */
export interface UpgradeContext {
  readonly peer: RemotePeer;
  /** The request; always present if there is a login function */
  readonly request?: Pick<LoginContext, "url" | "headers">;
}

/** The result of a login. */
export type LoginResult = Authenticated | LoginFailure;

/** Whether a login succeeded. */
export function isAuthenticated(result: LoginResult): result is Authenticated {
  return typeof result === "object" && "identity" in result;
}

/** A client that has logged in. */
export interface Authenticated {
  /** The result of the login function, or the name of the token */
  readonly identity: unknown;
  /** The token, unless a login function decided */
  readonly credential?: Credential;
  /** When the login expires, in milliseconds since 1970; never if omitted */
  readonly expires?: number | undefined;
  /** The user; `undefined` if the login has named none */
  readonly user?: string | undefined;
}
