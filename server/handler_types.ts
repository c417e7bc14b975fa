/**
 * The types of the listeners and the handlers of a server with a contract.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import type { Contract } from "../contract/contract.ts";
import type {
  CheckedArgumentsIn,
  ErrorsIn,
  EventName,
  NameIn,
  OpenContract,
  RepliesIn,
  ReturnIn,
} from "../contract/infer.ts";
import type {
  ClientMessage,
  ClientReply,
  OperationContext,
  OperationHandler,
  ReceivedMessage,
} from "./message.ts";

/** The handler of an operation of a contract, by the name of the operation */
export type HandlerOf<
  Identity,
  Of extends Contract,
  Name extends AnyOperationName<Of>,
  ClientData = unknown,
> = HandlerIn<Identity, Of, Of["operations"][Name], ClientData>;

/** The handler of an operation with schemas */
export type HandlerIn<
  Identity,
  Of extends Contract,
  Operation,
  ClientData = unknown,
> = OperationHandler<
  OperationContext<Identity, Of, ClientData, ErrorsIn<Operation>>,
  CheckedArgumentsIn<Operation>,
  ReturnIn<Operation>
>;

/** Every message and reply that a client can send to a server with a contract */
export type AnyMessage<
  Identity,
  Of extends Contract,
  ClientData = unknown,
> = string extends keyof Of["messages"]
  ? ClientMessage<Identity, JsonObject, OpenContract, string, ClientData>
  :
    | ReceivedMessage<Identity, Of, NameIn<Of["messages"]>, ClientData>
    | ClientReply<
      Identity,
      Of,
      RepliesIn<Of["events"][EventName<Of>]>,
      ClientData
    >;

/** The name of an operation of a contract, whether it returns one result or a stream */
export type AnyOperationName<Of extends Contract> = NameIn<Of["operations"]>;

/** Any name on a server without a contract; no name on a server with a contract */
export type NameWithoutContract<Names extends string> = string extends Names
  ? string
  : never;
