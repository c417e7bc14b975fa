/**
 * Contracts: the names of the messages, events, operations and rooms that a server and its
 * clients use, and the schemas of their data.
 *
 * @module
 */

import type { Json, JsonObject } from "../common/json.ts";
import type { NoArray, Without } from "./reject.ts";
import type {
  RoomDescription,
  RoomEntries,
  RoomHints,
  RoomsOnly,
} from "./room_entry.ts";
import { type DataSchema, isSchema, type Schema } from "./schema.ts";

export type { DataSchema } from "./schema.ts";

/**
 * The errors that the application can throw, by their kinds: the schema of the details, or
 * `null` for an error without details. The kinds have 1 to 100 UTF-16 units.
 */
export type ErrorSchemas = Readonly<Record<string, DataSchema | null>>;

/** A message or an event of a contract: the schemas of its data, its replies and its errors */
export interface MessageSchemas {
  /** The schema of its data; if omitted, it has no data */
  readonly data?: DataSchema;
  /** The schemas of the replies to it, by their names; if omitted, it has no replies */
  readonly replies?: Readonly<Record<string, DataSchema>>;
  /**
   * The errors that its listeners can throw, by their kinds; if omitted, they can throw none.
   * Events have no errors.
   */
  readonly errors?: ErrorSchemas;
}

/** An operation of a contract: the schemas of its arguments and its result */
export interface OperationSchemas {
  /** The schema of its arguments; if omitted, it has no arguments */
  readonly input?: DataSchema;
  /** The schema of its result, which must be a JSON value; if omitted, any result */
  readonly output?: Schema;
  /** The schema of each item, if it returns a stream instead of one result */
  readonly yields?: Schema;
  /**
   * The errors that its handler can throw, by their kinds. If omitted, the handler can throw
   * none in a contract, and any on a server without a contract.
   */
  readonly errors?: ErrorSchemas;
}

/** A message or an event of a contract, with what it requires of a client */
export interface MessageEntry extends MessageSchemas {
  /**
   * What a client needs to send the message, such as `"admin"`: any JSON value. The server
   * passes it to its option `authorize`. If omitted, `authorize` gets `undefined`. Events
   * require nothing, because the server sends them.
   */
  readonly requires?: Json;
}

/** An operation of a contract, with what it requires of a client */
export interface OperationEntry extends OperationSchemas {
  /**
   * What a client needs to call the operation, such as `"admin"`: any JSON value. The server
   * passes it to its option `authorize`. If omitted, `authorize` gets `undefined`.
   */
  readonly requires?: Json;
}

/** The messages or the events of a contract; a schema is short for `{ data: schema }` */
export type MessageEntries = Readonly<
  Record<string, DataSchema | MessageEntry>
>;

/** The operations of a contract */
export type OperationEntries = Readonly<Record<string, OperationEntry>>;

/** The result of {@linkcode defineContract} */
export interface Contract<
  Messages extends MessageEntries = MessageEntries,
  Events extends MessageEntries = MessageEntries,
  Operations extends OperationEntries = OperationEntries,
  Rooms extends RoomEntries = RoomEntries,
> {
  /** The messages that clients send */
  readonly messages: Messages;
  /** The events that the server sends: named messages to one client or to all clients */
  readonly events: Events;
  /** The operations that clients call */
  readonly operations: Operations;
  /** The rooms, by their names or patterns */
  readonly rooms: Rooms;
  /**
   * Describes the contract as JSON, for people and programs that do not have its code.
   *
   * @returns All names, and the JSON Schema of each schema whose library provides it
   *
   * @example
   * ```ts
   * import { defineContract } from "@hoist/cli";
   * import assert from "node:assert/strict";
   * import { z } from "zod";
   *
   * const contract = defineContract({ events: { news: z.object({ n: z.int() }) } });
   * const { events } = contract.describe();
   * assert.deepEqual(events.news?.data?.required, ["n"]);
   * ```
   */
  describe(): ContractDescription;
}

/**
 * The argument of {@linkcode defineContract}. `Data` is inferred: it has the schemas of the
 * events of the rooms, which are the types of the parameters of `latest`.
 */
export interface ContractParts<
  Messages extends MessageEntries,
  Events extends MessageEntries,
  Operations extends OperationEntries,
  Rooms extends RoomEntries = NoEntries,
  Data = unknown,
> {
  /**
   * The messages that clients send, by their names, and the replies to them. If omitted, the
   * contract has no messages.
   */
  readonly messages?: (Messages & MessagesOnly<Messages>) | undefined;
  /**
   * The events that the server sends, by their names, and the replies to them. An event is a
   * named message from the server. A broadcast is an event to all clients. If omitted, the
   * contract has no events.
   */
  readonly events?: (Events & EventsOnly<Events>) | undefined;
  /**
   * The operations that clients call, by their names. If omitted, the contract has no
   * operations.
   */
  readonly operations?: (Operations & OperationsOnly<Operations>) | undefined;
  /**
   * The rooms, by exact names such as `lobby` or patterns such as `chat:{id}`. If omitted, the
   * contract has no rooms.
   */
  readonly rooms?: (Rooms & RoomsOnly<Rooms> & RoomHints<Data>) | undefined;
}

/** Makes TypeScript reject unknown keys and array schemas in messages and events */
export type MessagesOnly<Entries> = {
  readonly [Name in keyof Entries]: Entries[Name] extends Schema
    ? NoArray<Entries[Name]>
    :
      & Without<
        Exclude<keyof Entries[Name], keyof MessageEntry>,
        "unknown key: the keys are 'data', 'replies', 'errors' and 'requires'"
      >
      & (Entries[Name] extends { readonly data: infer Data extends Schema }
        ? { readonly data: NoArray<Data> }
        : unknown)
      & ErrorsOnly<Entries[Name]>;
};

/** Makes TypeScript reject array schemas in the errors of an entry */
export type ErrorsOnly<Entry> = Entry extends { readonly errors: infer Errors }
  ? {
    readonly errors: {
      readonly [Kind in keyof Errors]: Errors[Kind] extends Schema
        ? NoArray<Errors[Kind]>
        : unknown;
    };
  }
  : unknown;

/** Makes TypeScript reject what messages have and events lack, besides unknown keys */
export type EventsOnly<Entries> =
  & MessagesOnly<Entries>
  & {
    readonly [Name in keyof Entries]: Entries[Name] extends Schema ? unknown
      :
        & Without<"requires", "events require nothing: the server sends them">
        & Without<"errors", "events have no errors: clients do not send any">;
  };

/**
 * Makes TypeScript reject unknown keys, keys that exclude each other and array schemas in
 * operations
 */
export type OperationsOnly<Entries> = {
  readonly [Name in keyof Entries]:
    & Without<
      Exclude<keyof Entries[Name], keyof OperationEntry>,
      "unknown key: the keys are 'input', 'output', 'yields', 'errors' and 'requires'"
    >
    & (Entries[Name] extends { readonly output: Schema }
      ? Without<"yields", "an operation has either 'output' or 'yields'">
      : unknown)
    & (Entries[Name] extends { readonly input: infer Input extends Schema }
      ? { readonly input: NoArray<Input> }
      : unknown)
    & ErrorsOnly<Entries[Name]>;
};

/** A part of a contract that was omitted */
export type NoEntries = Readonly<Record<never, never>>;

/** Returns the schema of the data of a message or an event, if it has one. */
export function dataSchemaOf(
  entry: DataSchema | MessageSchemas,
): DataSchema | undefined {
  return isSchema(entry) ? entry : entry.data;
}

/** Returns the schemas of the replies to a message or an event, by their names. */
export function repliesOf(
  entry: DataSchema | MessageSchemas,
): Readonly<Record<string, DataSchema>> {
  return isSchema(entry) ? {} : entry.replies ?? {};
}

/** The errors of an entry that declares none. */
export const NO_ERRORS: ErrorSchemas = Object.freeze({});

/** Returns the errors that an entry declares, by their kinds. */
export function errorsOf(
  entry: DataSchema | MessageSchemas | OperationSchemas | undefined,
): ErrorSchemas {
  if (entry === undefined || isSchema(entry)) return NO_ERRORS;
  return entry.errors ?? NO_ERRORS;
}

/** Returns the schemas of the replies to the message or event with this name. */
export function repliesTo(
  entries: MessageEntries,
  name: string,
): Readonly<Record<string, DataSchema>> {
  const entry = ownEntry(entries, name);
  return entry === undefined ? {} : repliesOf(entry);
}

/** Returns the entry with this name. Inherited names such as `toString` are ignored. */
export function ownEntry<Entry>(
  entries: Readonly<Record<string, Entry>>,
  name: string,
): Entry | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

/** The properties of a client's message that determine its schema. */
export interface Incoming {
  readonly name: string;
  /** The message that it replies to, according to the client */
  readonly replying: { readonly message: string } | null;
  /** Whether a request of the server waits for it */
  readonly isAwaited: boolean;
}

/**
 * Finds a message of a client in a contract.
 *
 * @param contract The contract
 * @param incoming The message
 * @returns Its schema, if it has one; `undefined` if the contract has no such message
 */
export function findMessage(
  contract: Contract,
  { name, replying, isAwaited }: Incoming,
): { readonly schema: DataSchema | undefined } | undefined {
  const reply = replying === null
    ? undefined
    : findReply(contract, replying.message, name);
  const message = ownEntry(contract.messages, name);
  // Listeners rely on the schema of the message: a client must not replace it by the
  // schema of a reply that no request waits for.
  const entry = isAwaited ? reply ?? message : message ?? reply;
  return entry && { schema: dataSchemaOf(entry) };
}

/** Returns whether the contract has a reply with this name to an event. */
export function isReply(
  contract: Contract,
  event: string,
  name: string,
): boolean {
  return findReply(contract, event, name) !== undefined;
}

function findReply(
  { events }: Contract,
  event: string,
  name: string,
): DataSchema | undefined {
  return ownEntry(repliesTo(events, event), name);
}

/** The description of a contract, as JSON; schemas are JSON Schema 2020-12 */
export interface ContractDescription {
  /** The messages that clients send, by their names */
  readonly messages: Readonly<Record<string, MessageDescription>>;
  /** The messages that the server sends, by their names */
  readonly events: Readonly<Record<string, MessageDescription>>;
  /** The operations that clients call, by their names */
  readonly operations: Readonly<Record<string, OperationDescription>>;
  /** The rooms, by their names or patterns */
  readonly rooms: Readonly<Record<string, RoomDescription>>;
}

/** A message or an event of a {@linkcode ContractDescription} */
export interface MessageDescription {
  /** Its data; `null` if it has no schema, or the library provides no JSON Schema */
  readonly data: JsonObject | null;
  /** The data of the replies to it, by their names */
  readonly replies: Readonly<Record<string, JsonObject | null>>;
  /** The details of its errors, by their kinds; missing if it declares none */
  readonly errors?: ErrorsDescription;
}

/** The details of the errors of an entry, by their kinds; `null` if there are no details */
export type ErrorsDescription = Readonly<Record<string, JsonObject | null>>;

/** An operation of a {@linkcode ContractDescription} */
export interface OperationDescription {
  /** Its arguments; `null` if it has no schema, or the library provides no JSON Schema */
  readonly input: JsonObject | null;
  /** Its result; missing if it returns a stream */
  readonly output?: JsonObject | null;
  /** Each item of its stream; missing if it returns one result */
  readonly yields?: JsonObject | null;
  /** The details of its errors, by their kinds; missing if it declares none */
  readonly errors?: ErrorsDescription;
}
