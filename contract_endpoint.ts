/**
 * The description of a contract, for whoever has a token: docs/protocol.md, "HTTP".
 *
 * @module
 */

import type { Admission, Peer } from "./admission.ts";
import type { Authenticator } from "./authenticator.ts";
import type { Admittance } from "./client_host.ts";
import type { Contract } from "./contract.ts";
import { text } from "./http.ts";
import type { ResolvedLimits } from "./limits.ts";
import { settlesWithin } from "./timers.ts";
import { VERSION } from "./version.ts";

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
    const credentials = request.headers.get("authorization") ?? "";
    if (!SCHEME.test(credentials)) return this.#refuse(peer, "no token");
    const token = credentials.replace(SCHEME, "");
    const admittance = await this.#authenticate(request, peer, token);
    if (typeof admittance === "object") return this.#describe();
    return this.#refuse(peer, admittance);
  }

  #refuse(
    peer: Peer,
    why: "no token" | Exclude<Admittance, object>,
  ): Response {
    const { admission, report } = this.#options;
    report(`${peer.address}: the contract is not shown: ${why}`);
    if (why === "failed") return text(503, "The login failed: try again later");
    const lockout = why === "locked out"
      ? admission.lockoutRefusal(peer)
      : undefined;
    return lockout?.response ?? unauthorized();
  }

  async #authenticate(
    request: Request,
    peer: Peer,
    token: string,
  ): Promise<Admittance> {
    const { authenticator, limits: { loginTimeout } } = this.#options;
    const origin = authenticator.originOf(request, peer);
    const decided = authenticator.authenticate(token, VERSION, origin);
    if (!(decided instanceof Promise)) return decided;
    // A login of the host may never come to a decision.
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

function unauthorized(): Response {
  return text(401, "Unauthorized: send the token, as Authorization: Bearer", {
    "www-authenticate": 'Bearer realm="hoist"',
  });
}
