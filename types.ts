/**
 * The building blocks of the types of servers, clients and connections. Use them for the
 * parameters and results of your own functions that work with a contract.
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

export type { RequiredBy, RequiredIn } from "./contract/requires.ts";
export type {
  AnyMessage,
  AnyOperationName,
  HandlerIn,
  HandlerOf,
  NameWithoutContract,
} from "./server/handler_types.ts";
export type { BroadcastArguments } from "./server/method_options.ts";
export type {
  ReferenceMessageIn,
  ReferenceReplyOf,
} from "./server/client_reference.ts";
export type {
  ClientReply,
  ClientReplyOf,
  ReceivedMessage,
} from "./server/message.ts";
export type {
  HistoryMessageOf,
  RoomBroadcastArguments,
} from "./server/room.ts";
export type { PublishedIn, RoomInfoOf } from "./server/room_options.ts";
export type {
  ContractParts,
  ErrorsOnly,
  EventsOnly,
  MessageEntries,
  MessagesOnly,
  NoEntries,
  OperationEntries,
  OperationsOnly,
} from "./contract/contract.ts";
export type { NoArray, Without } from "./contract/reject.ts";
export type {
  HintOf,
  NoTransform,
  ObjectIn,
  PublishesOnly,
  RoomEntries,
  RoomEventsOnly,
  RoomHints,
  RoomsOnly,
} from "./contract/room_entry.ts";
export type {
  CheckedClaimsOf,
  ClaimsOf,
  ClaimsSchemaIn,
  ColonsIn,
  LongerPrefix,
  MostSpecific,
  PatternsFor,
  PrefixIn,
  PresenceOf,
  PresenceSchemaIn,
  ReceivedPresenceOf,
  RoomEntryIn,
  RoomEventData,
  RoomEventIn,
  RoomEventName,
  RoomEventNameIn,
  RoomEventsIn,
  RoomIn,
  RoomIndex,
  RoomNameOf,
  RoomPatternIn,
  RoomPatternOf,
  RoomPublishName,
  RoomPublishNameIn,
  RoomReceivedData,
  WithColons,
} from "./contract/infer_rooms.ts";
export type {
  Anything,
  ArgumentsIn,
  Awaitable,
  CheckedArgumentsIn,
  CheckedDataIn,
  ClientMessageReplyArguments,
  ClientRequestArguments,
  DataAndOptions,
  DataIn,
  EntryIn,
  ErrorInputIn,
  ErrorMakers,
  ErrorsIn,
  EventArguments,
  EventName,
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
  OpenRoom,
  OperationName,
  OperationNameIn,
  OptionalData,
  ReceivedAs,
  RepliesIn,
  RequestNameIn,
  ResultIn,
  ReturnIn,
  SchemaIn,
  SentDataIn,
  StreamName,
  StreamNameIn,
  Unsendable,
} from "./contract/infer.ts";
export type { NameOf, ParamNameOf, ParamsOf } from "./contract/rooms_types.ts";
export type {
  AnswersIn,
  AnyEvent,
  EntryArguments,
  MessageArguments,
  MessageIn,
  PutEvent,
  PutEventIn,
  ReceivedEvent,
  ReplyArguments,
  SentEntry,
  SentMessageOf,
  SentReply,
  ServerReply,
} from "./client/message.ts";
export type { AnyRoomEvent, ReceivedRoomEvent } from "./client/room_message.ts";
export type { PublishArguments } from "./client/room.ts";
export type {
  ItemOf,
  OperationArguments,
  OperationIn,
  ReplyOf,
  RequestArguments,
  ResultOf,
  StreamArguments,
} from "./client/call_types.ts";
