/**
 * The endpoint `GET /hoist/contract`, which describes the contract of a server.
 *
 * @module
 */

import type { Contract } from "../contract/contract.ts";
import { HttpAuth, type HttpAuthOptions } from "./http_auth.ts";
import type { ResolvedOptions } from "./options.ts";

/** The options of a server that decide whether the endpoint exists. */
type Options = Pick<ResolvedOptions<never>, "contract" | "exposeContract">;

const HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** Answers `GET /hoist/contract`. */
export class ContractEndpoint {
  readonly #contract: Contract;
  readonly #auth: HttpAuth;
  /** Created by the first request, because some libraries are slow to describe schemas */
  #document: string | undefined;

  /**
   * Constructs a `ContractEndpoint`.
   *
   * @param contract The contract
   * @param auth Checks the token of each request
   */
  constructor(contract: Contract, auth: HttpAuth) {
    this.#contract = contract;
    this.#auth = auth;
  }

  /** Responds with the description of the contract if the request has a valid token. */
  async answer(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Promise<Response> {
    const result = await this.#auth.authorize(request, remote);
    return result instanceof Response ? result : this.#describe();
  }

  /** Rejects the requests that wait for a login function. */
  close(): void {
    this.#auth.close();
  }

  #describe(): Response {
    this.#document ??= `${
      JSON.stringify(this.#contract.describe(), null, 2)
    }\n`;
    return new Response(this.#document, { headers: HEADERS });
  }
}

/** Creates the endpoint `GET /hoist/contract`, if the application has enabled it. */
export function createEndpoint(
  { contract, exposeContract }: Options,
  auth: HttpAuthOptions,
): ContractEndpoint | undefined {
  return exposeContract && contract !== undefined
    ? new ContractEndpoint(contract, new HttpAuth(auth))
    : undefined;
}
