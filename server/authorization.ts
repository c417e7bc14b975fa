/**
 * Decides which requests of clients are allowed: the option `authorize`.
 *
 * @module
 */

import { isPromiseLike } from "../common/async.ts";
import { checkFunction } from "../common/check.ts";
import { quote } from "../common/text.ts";
import { type Contract, isReply } from "../contract/contract.ts";
import type { OpenContract } from "../contract/infer.ts";
import { requirementOf, requiringNames } from "../contract/requires.ts";
import type { WireMessage } from "../protocol/message.ts";
import { notAllowed } from "../protocol/request_error.ts";
import type { AuthorizeRequest, RequestKind } from "./authorize_request.ts";
import type { Client } from "./message.ts";

/**
 * Decides whether a client can send a message, call an operation or start a stream. Only the
 * result `true` allows it.
 *
 * @param client The client
 * @param request What the client wants to do
 * @returns Whether it is allowed
 */
export type Authorize<
  Identity = unknown,
  Of extends Contract = OpenContract,
  Data = unknown,
> = (
  client: Client<Identity, Of, Data>,
  request: AuthorizeRequest<Of>,
) => boolean | PromiseLike<boolean>;

/** The function `authorize` of an application, which can return anything at run time. */
export type Decide = (client: Client, request: AuthorizeRequest) => unknown;

/**
 * Checks the option `authorize`.
 *
 * @param subject What failed, such as `Cannot serve`
 * @param authorize The option
 * @param contract The contract of the server
 *
 * @throws {TypeError} If it is not a function, or if it is missing and the contract requires
 * something
 */
export function resolveAuthorize(
  subject: string,
  authorize: ((client: never, request: never) => unknown) | undefined,
  contract: Contract | undefined,
): Decide | undefined {
  checkFunction(subject, "authorize", authorize);
  if (authorize !== undefined) return authorize as Decide;
  if (contract === undefined) return undefined;
  const [name] = requiringNames(contract);
  if (name === undefined) return undefined;
  throw new TypeError(
    `${subject}: the contract has 'requires' for ${
      quote(name)
    }, and nothing checks it. Pass a function as the option 'authorize'.`,
  );
}

/** Asks the application which requests are allowed. */
export class Authorization {
  readonly #authorize: Decide;
  readonly #contract: Contract | undefined;

  /**
   * Constructs an `Authorization`.
   *
   * @param authorize The option `authorize`
   * @param contract The contract of the server
   */
  constructor(authorize: Decide, contract: Contract | undefined) {
    this.#authorize = authorize;
    this.#contract = contract;
  }

  /**
   * Checks that a request is allowed.
   *
   * @returns A promise only if `authorize` returns one
   *
   * @throws {RequestError} If the request is not allowed; the promise rejects with it
   * @throws What `authorize` throws
   */
  check(
    client: Client,
    kind: RequestKind,
    name: string,
  ): void | Promise<void> {
    // The types of `authorize` promise a name of the contract. The answer is the same as for
    // a name that exists, so that a client cannot find out which names exist.
    if (!this.#hasName(kind, name)) throw notAllowed("the contract lacks it");
    // Without a contract, nothing is required. With one, its type is known to `authorize`.
    const requires = requirementOf(this.#contract, kind, name) as undefined;
    // A call of this.#authorize would pass this object as `this`.
    const authorize = this.#authorize;
    const decision = authorize(client, { kind, name, requires });
    return isPromiseLike(decision)
      ? Promise.resolve(decision).then(assertAllowed)
      : assertAllowed(decision);
  }

  /**
   * Whether a message is a reply that no request waits for any more: its name is not a message
   * of the contract, but a reply to the event that it names.
   */
  isLateReply(name: string, replying: WireMessage): boolean {
    const contract = this.#contract;
    return contract !== undefined && !Object.hasOwn(contract.messages, name) &&
      isReply(contract, replying.message, name);
  }

  #hasName(kind: RequestKind, name: string): boolean {
    if (this.#contract === undefined) return true;
    const { messages, operations } = this.#contract;
    return Object.hasOwn(kind === "message" ? messages : operations, name);
  }
}

function assertAllowed(decision: unknown): void {
  if (decision === true) return;
  throw notAllowed(
    decision === false
      ? "'authorize' refused it"
      : `'authorize' returned a value of type ${typeof decision}. Return true to allow a request.`,
  );
}
