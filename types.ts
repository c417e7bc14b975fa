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

export { type RequiredBy, type RequiredIn } from "./contract/requires.ts";
export {
  type AnyMessage,
  type AnyOperationName,
  type HandlerIn,
  type HandlerOf,
  type NameWithoutContract,
} from "./server/handler_types.ts";
export {
  type ClientMessageReplyArguments,
  type ClientReply,
  type ClientReplyOf,
  type ClientRequestArguments,
  type EventArguments,
  type ReceivedMessage,
} from "./server/message.ts";
export {
  type HistoryMessageOf,
  type RoomBroadcastArguments,
} from "./server/room.ts";
export { type PublishedIn, type RoomInfoOf } from "./server/room_options.ts";
export {
  type ContractParts,
  type ErrorsOnly,
  type EventsOnly,
  type MessageEntries,
  type MessagesOnly,
  type NoEntries,
  type OperationEntries,
  type OperationsOnly,
} from "./contract/contract.ts";
export { type NoArray, type Without } from "./contract/reject.ts";
export {
  type HintOf,
  type NoTransform,
  type ObjectIn,
  type PublishesOnly,
  type RoomEntries,
  type RoomEventsOnly,
  type RoomHints,
  type RoomsOnly,
} from "./contract/room_entry.ts";
export {
  type CheckedClaimsOf,
  type ClaimsOf,
  type ClaimsSchemaIn,
  type ColonsIn,
  type LongerPrefix,
  type MostSpecific,
  type PatternsFor,
  type PrefixIn,
  type PresenceOf,
  type PresenceSchemaIn,
  type ReceivedPresenceOf,
  type RoomEntryIn,
  type RoomEventData,
  type RoomEventIn,
  type RoomEventName,
  type RoomEventNameIn,
  type RoomEventsIn,
  type RoomIn,
  type RoomIndex,
  type RoomNameOf,
  type RoomPatternIn,
  type RoomPatternOf,
  type RoomPublishName,
  type RoomPublishNameIn,
  type RoomReceivedData,
  type WithColons,
} from "./contract/infer_rooms.ts";
export {
  type Anything,
  type ArgumentsIn,
  type Awaitable,
  type CheckedArgumentsIn,
  type CheckedDataIn,
  type DataAndOptions,
  type DataIn,
  type EntryIn,
  type ErrorInputIn,
  type ErrorMakers,
  type ErrorsIn,
  type EventName,
  type InputSchemaIn,
  type ItemIn,
  type JsonOf,
  type LooseIn,
  type MayBeEmpty,
  type MessageName,
  type NameIn,
  type NoData,
  type OpenEntries,
  type OpenMessage,
  type OpenOperation,
  type OpenRoom,
  type OperationName,
  type OperationNameIn,
  type OptionalData,
  type ReceivedAs,
  type RepliesIn,
  type RequestNameIn,
  type ResultIn,
  type ReturnIn,
  type SchemaIn,
  type SentDataIn,
  type StreamName,
  type StreamNameIn,
  type Unsendable,
} from "./contract/infer.ts";
export {
  type NameOf,
  type ParamNameOf,
  type ParamsOf,
} from "./contract/rooms_types.ts";
export {
  type AnswersIn,
  type AnyEvent,
  type EntryArguments,
  type MessageArguments,
  type MessageIn,
  type PutEvent,
  type PutEventIn,
  type ReceivedEvent,
  type ReplyArguments,
  type SentEntry,
  type SentMessageOf,
  type SentReply,
  type ServerReply,
} from "./client/message.ts";
export {
  type AnyRoomEvent,
  type ReceivedRoomEvent,
} from "./client/room_message.ts";
export { type PublishArguments } from "./client/room.ts";
export {
  type ItemOf,
  type OperationArguments,
  type OperationIn,
  type ReplyOf,
  type RequestArguments,
  type ResultOf,
  type StreamArguments,
} from "./client/call_types.ts";
