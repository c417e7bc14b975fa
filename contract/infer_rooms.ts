/**
 * The types that TypeScript infers from the rooms of a contract: their names, their events
 * and their presence.
 *
 * @module
 */

import type { JsonOf } from "../common/json_types.ts";
import type { Contract, NoEntries } from "./contract.ts";
import type {
  DataIn,
  EntryIn,
  NameIn,
  OpenRoom,
  SchemaIn,
  SentDataIn,
} from "./infer.ts";
import type { RoomEntries } from "./room_entry.ts";
import type { NameOf } from "./rooms_types.ts";
import type { InputOf, OutputOf, Schema } from "./schema.ts";

/** The names and patterns with which a contract declares its rooms, such as `chat:{id}` */
export type RoomPatternOf<Of extends Contract> = NameIn<Of["rooms"]>;

/**
 * The names of the rooms of a contract, such as `` `chat:${string}` ``
 *
 * @example
 * ```ts
 * import { defineContract } from "@hoist/cli";
 * import type { RoomEventData, RoomNameOf } from "@hoist/cli/types";
 * import { z } from "zod";
 *
 * const contract = defineContract({
 *   rooms: { "chat:{id}": { events: { say: z.object({ text: z.string() }) } } },
 * });
 *
 * type Contract = typeof contract;
 * const name: RoomNameOf<Contract> = "chat:1";
 * const data: RoomEventData<Contract, "chat:1", "say"> = { text: "Hello" };
 * console.log(name, data.text);
 * ```
 */
export type RoomNameOf<Of extends Contract> = NameOf<RoomPatternOf<Of>>;

/** The entry of a contract for the room with a name, or with a pattern */
export type RoomIn<Of extends Contract, Name> = RoomEntryIn<Of["rooms"], Name>;

/** The entry for the room with a name. If the contract is `any`, every room is allowed. */
export type RoomEntryIn<Rooms, Name> = RoomEntries extends Rooms ? OpenRoom
  : string extends keyof Rooms ? Rooms[keyof Rooms]
  : Name extends string ? EntryIn<Rooms, RoomPatternIn<Rooms, Name>>
  : never;

/**
 * The pattern that applies to a name: as at run time, an exact name, or else the longest
 * string before the first parameter
 */
export type RoomPatternIn<Rooms, Name extends string> = MostSpecific<
  WithColons<PatternsFor<RoomIndex<Rooms>, Name>, ColonsIn<Name>>
>;

/**
 * The patterns, by the names that match them. TypeScript creates an index signature for each
 * pattern, so it finds the patterns for a name without a comparison of types.
 */
export type RoomIndex<Rooms> = {
  readonly [Pattern in NameIn<Rooms> as NameOf<Pattern>]: {
    readonly [Key in Pattern]: true;
  };
};

/**
 * The patterns that can apply to a name. If several index signatures apply, TypeScript
 * returns the intersection, which has all their keys.
 */
export type PatternsFor<Index, Name extends string> = Name extends unknown
  ? keyof EntryIn<Index, Name>
  : never;

/** The patterns with a number of colons: the value of a parameter contains none */
export type WithColons<Pattern, Colons extends string> = Pattern extends string
  ? ColonsIn<Pattern> extends Colons ? Pattern : never
  : never;

/** The colons of a string */
export type ColonsIn<Text extends string> = Text extends
  `${string}:${infer Rest}` ? `:${ColonsIn<Rest>}` : "";

/** The pattern with the longest string before the first parameter */
export type MostSpecific<Pattern extends string, All extends string = Pattern> =
  Pattern extends unknown
    ? [LongerPrefix<PrefixIn<Pattern>, All>] extends [never] ? Pattern
    : never
    : never;

/** The strings before the first parameter of patterns that are longer than a prefix */
export type LongerPrefix<Prefix extends string, All extends string> = Extract<
  Exclude<PrefixIn<All>, Prefix>,
  `${Prefix}${string}`
>;

/** The string before the first parameter of a pattern */
export type PrefixIn<Pattern extends string> = Pattern extends
  `${infer Head}{${string}` ? Head : Pattern;

/** The names of the events of a room */
export type RoomEventName<Of extends Contract, Name> = RoomEventNameIn<
  RoomIn<Of, Name>
>;

/** The names of the events of a room that clients can publish */
export type RoomPublishName<Of extends Contract, Name> = RoomPublishNameIn<
  RoomIn<Of, Name>
>;

/** The data of an event of a room, as the sender passes it */
export type RoomEventData<Of extends Contract, Name, Event> = DataIn<
  RoomEventIn<RoomIn<Of, Name>, Event>
>;

/** The data of an event of a room, as a client receives it */
export type RoomReceivedData<Of extends Contract, Name, Event> = SentDataIn<
  RoomEventIn<RoomIn<Of, Name>, Event>
>;

/**
 * The presence of a member, as the server passes it
 *
 * @example
 * ```ts
 * import { defineContract } from "@hoist/cli";
 * import type { ClaimsOf, PresenceOf } from "@hoist/cli/types";
 * import { z } from "zod";
 *
 * const contract = defineContract({
 *   rooms: {
 *     lobby: {
 *       presence: z.object({ name: z.string(), away: z.boolean() }),
 *       claims: z.object({ away: z.boolean() }),
 *     },
 *   },
 * });
 *
 * type Contract = typeof contract;
 * const claims: ClaimsOf<Contract, "lobby"> = { away: true };
 * const presence: PresenceOf<Contract, "lobby"> = { name: "Ada", ...claims };
 * console.log(presence);
 * ```
 */
export type PresenceOf<Of extends Contract, Name> = InputOf<
  PresenceSchemaIn<RoomIn<Of, Name>>
>;

/** The presence of a member, as a client receives it */
export type ReceivedPresenceOf<Of extends Contract, Name> = JsonOf<
  PresenceOf<Of, Name>
>;

/** What a client claims about itself, as the client passes it */
export type ClaimsOf<Of extends Contract, Name> = InputOf<
  ClaimsSchemaIn<RoomIn<Of, Name>>
>;

/** What a client claims about itself, as the server receives it */
export type CheckedClaimsOf<Of extends Contract, Name> = OutputOf<
  ClaimsSchemaIn<RoomIn<Of, Name>>
>;

/** The events of a room, by their names */
export type RoomEventsIn<Room> = Room extends
  { readonly events: infer Events extends object } ? Events : NoEntries;

/** The names of the events of a room, or of each of several rooms */
export type RoomEventNameIn<Room> = Room extends unknown
  ? NameIn<RoomEventsIn<Room>>
  : never;

/** The event of a room that has a name */
export type RoomEventIn<Room, Event> = Room extends unknown
  ? Event extends keyof RoomEventsIn<Room> ? RoomEventsIn<Room>[Event] : never
  : never;

/** The names of the events that clients can publish in a room */
export type RoomPublishNameIn<Room> = Room extends
  { readonly publishes: readonly (infer Event extends string)[] } ? Event
  : RoomEventNameIn<Room>;

/** The schema of the presence in a room */
export type PresenceSchemaIn<Room> = Room extends
  { readonly presence: infer Presence extends Schema } ? Presence
  : SchemaIn<NoEntries>;

/** The schema of what a client claims about itself in a room */
export type ClaimsSchemaIn<Room> = Room extends
  { readonly claims: infer Claims extends Schema } ? Claims
  : PresenceSchemaIn<Room>;
