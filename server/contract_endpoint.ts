/**
 * The description of a contract, for whoever has a token: docs/protocol.md, "HTTP".
 *
 * @module
 */

import { settlesWithin } from "../common/async.ts";
import type { Contract } from "../contract/contract.ts";
import type { Admission, RemotePeer, UpgradeRejection } from "./admission.ts";
import type { Authenticator, LoginResult } from "./authenticator.ts";
import { text } from "./http.ts";
import type { ResolvedLimits } from "./limits.ts";
import { VERSION } from "../version.ts";
/** What an endpoint is made of. */
export interface ContractEndpointOptions {
  readonly contract: Contract;
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly limits: ResolvedLimits;
  /** Is told who was refused, and why. */
  report(text: string): void;
}

/** RFC 6750, section 2.1; a token of ours may be any text. */
const SCHEME = /^Bearer +/i;

const UNSENT = "send the token, as Authorization: Bearer";

const HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** Answers `GET /hoist/contract`. */
export class ContractEndpoint {
  readonly #options: ContractEndpointOptions;
  /** Made when somebody asks: libraries take their time for it. */
  #document: string | undefined;

  constructor(options: ContractEndpointOptions) {
    this.#options = options;
  }

  /** Answers a request with the description, if it has a token. */
  async answer(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Promise<Response> {
    const { admission } = this.#options;
    const peer = admission.peerOf(request, remote);
    const refusal = admission.refusal(request, peer);
    if (refusal !== undefined) return this.#turnAway(peer, refusal);
    const credentials = request.headers.get("authorization") ?? "";
    if (!SCHEME.test(credentials)) {
      return this.#turnAway(peer, unauthorized("no token", UNSENT));
    }
    const token = credentials.replace(SCHEME, "");
    const admittance = await this.#authenticate(request, peer, token);
    if (typeof admittance === "object") return this.#describe();
    return this.#turnAway(peer, this.#refusalOf(peer, admittance));
  }

  #turnAway(
    { address }: RemotePeer,
    { reason, response }: UpgradeRejection,
  ): Response {
    this.#options.report(`${address}: the contract is not shown: ${reason}`);
    return response;
  }

  #refusalOf(
    peer: RemotePeer,
    reason: Exclude<LoginResult, object>,
  ): UpgradeRejection {
    if (reason === "failed") {
      const response = text(503, "The login failed: try again later");
      return { reason, response };
    }
    // Others may have guessed while this one was looked at.
    const lockout = reason === "locked out"
      ? this.#options.admission.lockoutRefusal(peer)
      : undefined;
    return lockout ?? unauthorized(reason, "the token was refused");
  }

  async #authenticate(
    request: Request,
    peer: RemotePeer,
    token: string,
  ): Promise<LoginResult> {
    const { admission, authenticator } = this.#options;
    const origin = authenticator.originOf(request, peer);
    const decided = authenticator.authenticate(token, VERSION, origin);
    if (!(decided instanceof Promise)) return decided;
    // It costs the host as much as one that wants a WebSocket.
    admission.enter(peer);
    try {
      return await this.#inTime(decided);
    } finally {
      admission.leave(peer);
    }
  }

  /** A login of the host may never come to a decision. */
  async #inTime(decided: Promise<LoginResult>): Promise<LoginResult> {
    const { loginTimeout } = this.#options.limits;
    return await settlesWithin(decided, loginTimeout)
      ? await decided
      : "failed";
  }

  #describe(): Response {
    this.#document ??= `${
      JSON.stringify(this.#options.contract.describe(), null, 2)
    }\n`;
    return new Response(this.#document, { headers: HEADERS });
  }
}

/** RFC 6750, section 3. */
function unauthorized(reason: string, problem: string): UpgradeRejection {
  const response = text(401, `Unauthorized: ${problem}`, {
    "www-authenticate": 'Bearer realm="hoist"',
  });
  return { reason, response };
}
