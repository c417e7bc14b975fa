/**
 * The arguments and results of the methods of a connection, for a contract.
 *
 * @module
 */

import type { RequestOptions } from "../common/request_options.ts";
import type { Contract } from "../contract/contract.ts";
import type {
  ArgumentsIn,
  DataAndOptions,
  DataIn,
  EntryIn,
  ItemIn,
  ResultIn,
} from "../contract/infer.ts";
import type { OperationOptions, StreamOptions } from "./call_options.ts";
import type { MessageIn, ServerReply } from "./message.ts";

/** The data and the options of `Connection.request` */
export type RequestArguments<Of extends Contract, Name> = DataAndOptions<
  DataIn<MessageIn<Of, Name>>,
  RequestOptions
>;

/** The reply that `Connection.request` resolves to */
export type ReplyOf<Of extends Contract, Name> = ServerReply<
  Of,
  MessageIn<Of, Name>
>;

/** The operation of a contract that has a name */
export type OperationIn<Of extends Contract, Name> = EntryIn<
  Of["operations"],
  Name
>;

/** The data and the options of `Connection.operation` */
export type OperationArguments<Of extends Contract, Name> = DataAndOptions<
  ArgumentsIn<OperationIn<Of, Name>>,
  OperationOptions
>;

/** The result that `Connection.operation` resolves to */
export type ResultOf<Of extends Contract, Name> = ResultIn<
  OperationIn<Of, Name>
>;

/** The data and the options of `Connection.stream` */
export type StreamArguments<Of extends Contract, Name> = DataAndOptions<
  ArgumentsIn<OperationIn<Of, Name>>,
  StreamOptions
>;

/** An item of the stream that `Connection.stream` returns */
export type ItemOf<Of extends Contract, Name> = ItemIn<OperationIn<Of, Name>>;
