/**
 * The guard of HTTP endpoints: it checks the token in the header `Authorization`.
 *
 * @module
 */

import { settlesWithin } from "../common/async.ts";
import { VERSION } from "../version.ts";
import type { AdminCandidate } from "./admin_options.ts";
import type {
  Admission,
  LoginFailure,
  Rejection,
  RemotePeer,
} from "./admission.ts";
import {
  type Authenticated,
  type Authenticator,
  isAuthenticated,
  type LoginResult,
} from "./authenticator.ts";
import { text } from "./http.ts";
import type { Place } from "./places.ts";

/** Options of {@linkcode HttpAuth} */
export interface HttpAuthOptions {
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  /** How long the application has to decide, in milliseconds */
  readonly loginTimeout: number;
  /**
   * Asks the application whether a login is one of an admin; it does not reject. `undefined`
   * if only tokens make admins
   */
  readonly decideAdmin:
    | ((candidate: AdminCandidate) => Promise<boolean>)
    | undefined;
  /** Called with a line for the log when a request is rejected. */
  report(line: string): void;
}

/** RFC 6750, section 2.1; but a token can be any string. */
const SCHEME = /^Bearer +/i;

const NO_TOKEN = "send the token in the header 'Authorization: Bearer <token>'";

/** Authenticates HTTP requests in the same way as clients that log in. */
export class HttpAuth {
  readonly #options: HttpAuthOptions;
  /** Ends the decisions that the application has yet to make */
  readonly #pending = new Set<() => void>();

  constructor(options: HttpAuthOptions) {
    this.#options = options;
  }

  /**
   * Authenticates a request.
   *
   * @param request The request
   * @param remote The address of the client or of the proxy
   * @param isForAdmins Whether only admins are accepted. They are accepted also while there
   * are too many connections, unless the login function has to decide about the token
   * @returns The identity of the client, or the response that rejects the request
   */
  async authorize(
    request: Request,
    remote: Deno.Addr | undefined,
    isForAdmins = false,
  ): Promise<Authenticated | Response> {
    const peer = this.#options.admission.peerOf(request, remote);
    const result = await this.#check(request, peer, isForAdmins);
    if (!("response" in result)) return result;
    const { method, url } = request;
    const { reason, response } = result;
    this.#options.report(
      `${peer.address} ${method} ${new URL(url).pathname} rejected: ${reason}`,
    );
    return response;
  }

  /** Rejects the requests that wait for the application, because the server closes. */
  close(): void {
    for (const onClosed of this.#pending) onClosed();
  }

  async #check(
    request: Request,
    peer: RemotePeer,
    isForAdmins: boolean,
  ): Promise<Authenticated | Rejection> {
    const { admission } = this.#options;
    const rejection = isForAdmins
      ? admission.strangerRejection(request, peer)
      : admission.rejection(request, peer);
    if (rejection !== undefined) return rejection;
    const header = request.headers.get("authorization") ?? "";
    if (!SCHEME.test(header)) return unauthorized("no token", NO_TOKEN);
    const token = header.replace(SCHEME, "");
    const { authenticator } = this.#options;
    const full = authenticator.canWait
      ? admission.waitingRejection(peer)
      : undefined;
    if (full !== undefined) return full;
    const result = authenticator.confirm(
      await this.#logIn(request, peer, token),
    );
    if (!isAuthenticated(result)) return this.#reject(peer, result);
    if (!isForAdmins || result.credential?.isAdmin === true) return result;
    return await this.#checkAdmin(result, peer);
  }

  /** Lets the application decide about a login whose token is not that of an admin. */
  async #checkAdmin(
    login: Authenticated,
    peer: RemotePeer,
  ): Promise<Authenticated | Rejection> {
    const { admission, authenticator, decideAdmin } = this.#options;
    if (decideAdmin === undefined) return forbidden();
    const full = admission.adminDecisionRejection(peer);
    if (full !== undefined) return full;
    const { identity, user } = login;
    const { address } = peer;
    const candidate = { identity, user, address, client: undefined };
    const place = admission.enterAdminDecision(peer);
    const decision = await this.#pendingOf(place, decideAdmin(candidate));
    if (decision === "failed") return this.#reject(peer, decision);
    // The token can have been revoked, or have expired, while the application decided.
    const result = authenticator.confirm(login);
    if (!isAuthenticated(result)) return this.#reject(peer, result);
    return decision ? result : forbidden();
  }

  #reject(
    peer: RemotePeer,
    reason: LoginFailure,
  ): Rejection {
    if (reason === "failed" || reason === "timed out") {
      const response = text(
        503,
        "The server could not check the token. Try again later.",
      );
      return { reason: "login failed", response };
    }
    if (typeof reason === "object") {
      return unauthorized(reason.refusal.note, "the login was refused");
    }
    // The address can have reached the limit while this login was decided.
    const lockout = reason === "locked out"
      ? this.#options.admission.lockoutRejection(peer)
      : undefined;
    return lockout ?? unauthorized("wrong token", "the token was rejected");
  }

  async #logIn(
    request: Request,
    peer: RemotePeer,
    token: string,
  ): Promise<LoginResult> {
    const { authenticator } = this.#options;
    const context = authenticator.contextOf(request, peer);
    const result = authenticator.authenticate(token, VERSION, context);
    if (!(result instanceof Promise)) return result;
    try {
      const place = this.#options.admission.enter(peer);
      return await this.#pendingOf(place, result);
    } finally {
      authenticator.abandon(context);
    }
  }

  /** Waits for a decision, which has a place: it costs the application as much as a connection. */
  async #pendingOf<Result>(
    place: Place,
    decision: Promise<Result>,
  ): Promise<Result | "failed"> {
    try {
      return await this.#withTimeout(decision);
    } finally {
      place.leave();
    }
  }

  /** Limits the time of a function of the application, because it can wait forever. */
  async #withTimeout<Result>(
    result: Promise<Result>,
  ): Promise<Result | "failed"> {
    const { promise: closed, resolve } = Promise.withResolvers<"failed">();
    const onClosed = () => resolve("failed");
    this.#pending.add(onClosed);
    const decided = Promise.race([result, closed]);
    const { loginTimeout } = this.#options;
    try {
      const isDecided = await settlesWithin(decided, loginTimeout);
      return isDecided ? await decided : "failed";
    } finally {
      this.#pending.delete(onClosed);
    }
  }
}

/** The response to a valid token that is not one of an admin: RFC 6750, section 3.1. */
function forbidden(): Rejection {
  const response = text(
    403,
    "Forbidden: the token does not belong to an admin",
    {
      "www-authenticate": 'Bearer realm="hoist", error="insufficient_scope"',
    },
  );
  return { reason: "the token does not belong to an admin", response };
}

/** The response that asks for a token: RFC 6750, section 3. */
function unauthorized(reason: string, problem: string): Rejection {
  const response = text(401, `Unauthorized: ${problem}`, {
    "www-authenticate": 'Bearer realm="hoist"',
  });
  return { reason, response };
}
