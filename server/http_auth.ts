/**
 * The guard of HTTP endpoints: it checks the token in the header `Authorization`.
 *
 * @module
 */

import { settlesWithin } from "../common/async.ts";
import { VERSION } from "../version.ts";
import type {
  Admission,
  LoginFailure,
  RemotePeer,
  UpgradeRejection,
} from "./admission.ts";
import {
  type Authenticated,
  type Authenticator,
  isAuthenticated,
  type LoginResult,
} from "./authenticator.ts";
import { text } from "./http.ts";

/** Options of {@linkcode HttpAuth} */
export interface HttpAuthOptions {
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  /** How long a login function has to decide, in milliseconds */
  readonly loginTimeout: number;
  /** Called with a line for the log when a request is rejected. */
  report(line: string): void;
}

/** RFC 6750, section 2.1; but a token can be any string. */
const SCHEME = /^Bearer +/i;

const NO_TOKEN = "send the token in the header 'Authorization: Bearer <token>'";

/** Authenticates HTTP requests in the same way as clients that log in. */
export class HttpAuth {
  readonly #options: HttpAuthOptions;
  /** Ends the logins that a login function has yet to decide */
  readonly #pending = new Set<() => void>();

  constructor(options: HttpAuthOptions) {
    this.#options = options;
  }

  /**
   * Authenticates a request.
   *
   * @param request The request
   * @param remote The address of the client or of the proxy
   * @returns The identity of the client, or the response that rejects the request
   */
  async authorize(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Promise<Authenticated | Response> {
    const peer = this.#options.admission.peerOf(request, remote);
    const result = await this.#check(request, peer);
    if (!("response" in result)) return result;
    const { pathname } = new URL(request.url);
    const { reason, response } = result;
    this.#options.report(`${peer.address} GET ${pathname} rejected: ${reason}`);
    return response;
  }

  /** Rejects the requests that wait for a login function, because the server closes. */
  close(): void {
    for (const onClosed of this.#pending) onClosed();
  }

  async #check(
    request: Request,
    peer: RemotePeer,
  ): Promise<Authenticated | UpgradeRejection> {
    const rejection = this.#options.admission.rejection(request, peer);
    if (rejection !== undefined) return rejection;
    const header = request.headers.get("authorization") ?? "";
    if (!SCHEME.test(header)) return unauthorized("no token", NO_TOKEN);
    const token = header.replace(SCHEME, "");
    const { authenticator } = this.#options;
    const result = authenticator.confirm(
      await this.#logIn(request, peer, token),
    );
    return isAuthenticated(result) ? result : this.#reject(peer, result);
  }

  #reject(
    peer: RemotePeer,
    reason: LoginFailure,
  ): UpgradeRejection {
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
    const { admission, authenticator } = this.#options;
    const context = authenticator.contextOf(request, peer);
    const result = authenticator.authenticate(token, VERSION, context);
    if (!(result instanceof Promise)) return result;
    // A pending login counts as a connection, because it costs the application as much.
    const place = admission.enter(peer);
    try {
      return await this.#withTimeout(result);
    } finally {
      authenticator.abandon(context);
      place.leave();
    }
  }

  /** Limits the time of a login function, because it can wait forever. */
  async #withTimeout(result: Promise<LoginResult>): Promise<LoginResult> {
    const { promise: closed, resolve } = Promise.withResolvers<LoginResult>();
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

/** The response that asks for a token: RFC 6750, section 3. */
function unauthorized(reason: string, problem: string): UpgradeRejection {
  const response = text(401, `Unauthorized: ${problem}`, {
    "www-authenticate": 'Bearer realm="hoist"',
  });
  return { reason, response };
}
