/**
 * The types that the types of servers, clients and connections are made of: for
 * functions of your own that take what goes with a name of a contract.
 *
 * @example
 * ```ts
 * import { defineContract } from "@hoist/cli";
 * import type { ArgumentsIn, ResultIn } from "@hoist/cli/types";
 * import { z } from "zod";
 *
 * const contract = defineContract({
 *   operations: {
 *     add: { input: z.object({ a: z.number(), b: z.number() }), output: z.number() },
 *   },
 * });
 *
 * type Add = (typeof contract)["operations"]["add"];
 * const add = ({ a, b }: ArgumentsIn<Add>): ResultIn<Add> => a + b;
 * console.log(add({ a: 1, b: 2 }));
 * ```
 *
 * @module
 */

export type {
  AnyMessage,
  ClientReply,
  HandlerIn,
  ReceivedMessage,
} from "./client_message.ts";
export type {
  ContractParts,
  MessageEntries,
  MessagesOnly,
  NoEntries,
  NoList,
  OperationEntries,
  OperationsOnly,
  Without,
} from "./contract.ts";
export type {
  Anything,
  ArgumentsIn,
  Awaitable,
  CheckedArgumentsIn,
  CheckedDataIn,
  DataAndOptions,
  DataIn,
  EntryIn,
  EventName,
  GivenAs,
  InputSchemaIn,
  ItemIn,
  JsonOf,
  LooseIn,
  MayBeEmpty,
  MessageName,
  NameIn,
  NoData,
  OpenEntries,
  OpenMessage,
  OpenOperation,
  OperationName,
  OperationNameIn,
  OptionalData,
  RepliesIn,
  RequestNameIn,
  ResultIn,
  ReturnIn,
  SchemaIn,
  SentDataIn,
  StreamName,
  StreamNameIn,
  Unsendable,
} from "./contract_types.ts";
export type {
  AnswersIn,
  AnyEvent,
  ReceivedEvent,
  SentEntry,
  ServerReply,
} from "./server_message.ts";
