/**
 * What an application knows about a request before its data is validated.
 *
 * @module
 */

import type { Contract } from "../contract/contract.ts";
import type { MessageName, NameIn, OpenContract } from "../contract/infer.ts";
import type { RequiredIn } from "../contract/requires.ts";

/** How a client uses a name: it sends a message, calls an operation or starts a stream */
export type RequestKind = "message" | "operation" | "stream";

/**
 * A request of a client, as the option `authorize` sees it. `Of` is the type of the contract.
 */
export interface AuthorizeRequest<Of extends Contract = OpenContract> {
  /** How the client uses the name. An operation is called with `"operation"` or `"stream"`. */
  readonly kind: RequestKind;
  /** The name of the message or of the operation. With a contract, it contains the name. */
  readonly name: MessageName<Of> | NameIn<Of["operations"]>;
  /** The value of `requires` in the contract; `undefined` if the entry has none */
  readonly requires: RequiredIn<Of["messages"]> | RequiredIn<Of["operations"]>;
}
