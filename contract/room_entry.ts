/**
 * The rooms of a contract: their events, and what members show about themselves.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import type { JsonOf, NoData } from "../common/json_types.ts";
import type { NoArray, Without } from "./reject.ts";
import type { DataSchema, InputOf, OutputOf, Schema } from "./schema.ts";

/** An event of a room of a contract */
export interface RoomEventEntry {
  /** The schema of its data; if omitted, it has no data */
  readonly data?: DataSchema;
  /**
   * Makes the key of the event: `(data) => string | number`. While a client reads slowly, a
   * newer event replaces the waiting event of the same name with the same key. The argument is
   * the data as clients receive it. If omitted, clients receive every event.
   */
  // TypeScript would take the type of the parameter from a signature here, and not from
  // `RoomHints`.
  readonly latest?: object;
}

/** A room of a contract */
export interface RoomEntry {
  /**
   * The events of the room, by their names; a schema is short for `{ data: schema }`. If
   * omitted, the room has no events.
   */
  readonly events?: Readonly<Record<string, DataSchema | RoomEventEntry>>;
  /**
   * The names of the events that clients can publish, if the definition of the room on the
   * server allows them to publish. If omitted, clients can publish all events.
   */
  readonly publishes?: readonly string[];
  /**
   * The schema of the presence of a member, as the members of the room see it. If omitted, the
   * presence has no data.
   */
  readonly presence?: DataSchema;
  /**
   * The schema of what a client claims about itself. The server decides which presence follows
   * from it. If omitted, it is the schema of the presence.
   */
  readonly claims?: DataSchema;
}

/** The rooms of a contract, by exact names or patterns */
export type RoomEntries = Readonly<Record<string, RoomEntry>>;

/**
 * Makes TypeScript reject unknown keys, array schemas and unknown names in `publishes` in rooms
 */
export type RoomsOnly<Entries> = {
  readonly [Name in keyof Entries]:
    & Without<
      Exclude<keyof Entries[Name], keyof RoomEntry>,
      "unknown key: the keys are 'events', 'publishes', 'presence' and 'claims'"
    >
    & ("events" extends keyof Entries[Name] ? PublishesOnly<Entries[Name]>
      : Without<"publishes", "the room has no events">)
    & ObjectIn<Entries[Name], "presence">
    & ObjectIn<Entries[Name], "claims">;
};

/** Makes TypeScript reject invalid events, and unknown names of events in `publishes` */
export type PublishesOnly<Room> = Room extends { readonly events: infer Events }
  ? {
    readonly events: RoomEventsOnly<Events>;
    readonly publishes?: readonly (keyof Events)[];
  }
  : unknown;

/** Makes TypeScript reject invalid events of a room */
export type RoomEventsOnly<Events> = {
  readonly [Name in keyof Events]: Events[Name] extends Schema
    ? NoArray<Events[Name]> & NoTransform<Events[Name]>
    :
      & Without<
        Exclude<keyof Events[Name], keyof RoomEventEntry>,
        "unknown key: the keys are 'data' and 'latest'"
      >
      & (Events[Name] extends { readonly data: infer Data extends Schema }
        ? { readonly data: NoArray<Data> & NoTransform<Data> }
        : unknown);
};

/** Makes TypeScript reject an array schema with this key */
export type ObjectIn<Entry, Key extends string> = Entry extends
  { readonly [Name in Key]: infer Of extends Schema }
  ? { readonly [Name in Key]: NoArray<Of> }
  : unknown;

/**
 * Makes TypeScript reject a schema whose output has another type than its input. The server
 * sends the output for a published event, and the input for an event of the application.
 */
export type NoTransform<Of extends Schema> = unknown extends OutputOf<Of>
  ? unknown
  : [JsonOf<OutputOf<Of>>] extends [JsonOf<InputOf<Of>>] ? unknown
  : "events of rooms keep their type: use a schema that does not transform its input";

/**
 * The types of the parameters of `latest`. TypeScript infers `Data`, the schemas of the events
 * of each room, before it checks the functions.
 */
export type RoomHints<Data> = {
  readonly [Name in keyof Data]: {
    readonly events?: {
      readonly [Event in keyof Data[Name]]:
        | Data[Name][Event]
        | {
          readonly data?: Data[Name][Event];
          readonly latest?: (
            data: HintOf<Data[Name][Event]>,
          ) => string | number;
        };
    };
    // Without these keys, TypeScript would reject them in rooms without events.
    readonly publishes?: unknown;
    readonly presence?: unknown;
    readonly claims?: unknown;
  };
};

/** The data of an event of a room, as clients receive it */
export type HintOf<Data> = Data extends Schema ? JsonOf<InputOf<Data>> : NoData;

/** A room of a contract, as JSON */
export interface RoomDescription {
  /** Its events, by their names */
  readonly events: Readonly<Record<string, RoomEventDescription>>;
  /** The names of the events that clients can publish */
  readonly publishes: readonly string[];
  /** The presence; `null` if it has no schema, or the library provides no JSON Schema */
  readonly presence: JsonObject | null;
  /** What a client can claim; `null` as for the presence */
  readonly claims: JsonObject | null;
}

/** An event of a room of a contract, as JSON */
export interface RoomEventDescription {
  /** Its data; `null` if it has no schema, or the library provides no JSON Schema */
  readonly data: JsonObject | null;
  /** `true` if a newer event can replace one that waits; missing if not */
  readonly latest?: true;
}

/** The events of a room without events. */
const NO_EVENTS: NonNullable<RoomEntry["events"]> = Object.freeze({});

/** Returns the events of a room, by their names. */
export function eventsOf(room: RoomEntry): NonNullable<RoomEntry["events"]> {
  return room.events ?? NO_EVENTS;
}

/** Returns the names of the events that clients can publish. */
export function publishesOf(room: RoomEntry): readonly string[] {
  return room.publishes ?? Object.keys(eventsOf(room));
}

/**
 * Returns whether the contract lets clients publish an event in a room.
 *
 * @param entry What the contract says about the room
 * @param event The name of the event
 */
export function canPublish(entry: RoomEntry, event: string): boolean {
  return publishesOf(entry).includes(event);
}

/** Returns the schema of what a client claims about itself, if there is one. */
export function claimsOf(room: RoomEntry): DataSchema | undefined {
  return room.claims ?? room.presence;
}
