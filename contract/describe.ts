/**
 * The description of a contract, as JSON.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "../common/json.ts";
import {
  claimsOf,
  eventsOf,
  publishesOf,
  type RoomDescription,
  type RoomEntry,
  type RoomEventDescription,
  type RoomEventEntry,
} from "./room_entry.ts";
import type {
  Contract,
  ContractDescription,
  DataSchema,
  ErrorSchemas,
  ErrorsDescription,
  MessageDescription,
  MessageEntries,
  MessageSchemas,
  OperationDescription,
  OperationSchemas,
} from "./contract.ts";
import { isSchema, type Schema } from "./schema.ts";

/**
 * Describes a contract. The JSON Schemas describe what is sent: the input of the schemas
 * for data, and the output of the schemas for results and the details of errors.
 *
 * @param contract The contract
 */
export function describe(
  { messages, events, operations, rooms }: Omit<Contract, "describe">,
): ContractDescription {
  return {
    messages: describeMessages(messages),
    events: describeMessages(events),
    operations: mapEntries(operations, describeOperation),
    rooms: mapEntries(rooms, describeRoom),
  };
}

function describeMessages(
  entries: MessageEntries,
): Readonly<Record<string, MessageDescription>> {
  return mapEntries(entries, describeMessage);
}

function describeMessage(
  entry: DataSchema | MessageSchemas,
): MessageDescription {
  const { data, replies = {}, errors }: MessageSchemas = isSchema(entry)
    ? { data: entry }
    : entry;
  return {
    data: jsonSchemaOf(data, "input"),
    replies: mapEntries(replies, (reply) => jsonSchemaOf(reply, "input")),
    ...describeErrors(errors),
  };
}

function describeOperation(
  { input, output, yields, errors }: OperationSchemas,
): OperationDescription {
  // The server sends the output of the schema of a result.
  const given = yields === undefined
    ? { output: jsonSchemaOf(output, "output") }
    : { yields: jsonSchemaOf(yields, "output") };
  return {
    input: jsonSchemaOf(input, "input"),
    ...given,
    ...describeErrors(errors),
  };
}

/** Describes the details of errors: the server sends the output of their schemas. */
function describeErrors(
  errors: ErrorSchemas | undefined,
): { readonly errors?: ErrorsDescription } {
  if (errors === undefined) return {};
  return {
    errors: mapEntries(
      errors,
      (details) => jsonSchemaOf(details ?? undefined, "output"),
    ),
  };
}

/** Describes a room: the server sends the input of the schemas of events and presence. */
function describeRoom(room: RoomEntry): RoomDescription {
  return {
    events: mapEntries(eventsOf(room), describeRoomEvent),
    publishes: publishesOf(room),
    presence: jsonSchemaOf(room.presence, "input"),
    claims: jsonSchemaOf(claimsOf(room), "input"),
  };
}

function describeRoomEvent(
  entry: DataSchema | RoomEventEntry,
): RoomEventDescription {
  const { data, latest }: RoomEventEntry = isSchema(entry)
    ? { data: entry }
    : entry;
  const described = { data: jsonSchemaOf(data, "input") };
  return latest === undefined ? described : { ...described, latest: true };
}

function mapEntries<Value, Mapped>(
  entries: Readonly<Record<string, Value>>,
  map: (value: Value) => Mapped,
): Readonly<Record<string, Mapped>> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, value]) => [name, map(value)]),
  );
}

/** The part of Standard JSON Schema v1 that some libraries implement. */
interface JsonSchemaSource {
  readonly jsonSchema?: {
    input?(options: { readonly target: string }): unknown;
    output?(options: { readonly target: string }): unknown;
  };
}

/**
 * Returns the JSON Schema of the input or the output of a schema.
 *
 * @param schema The schema
 * @param side The input or the output
 * @returns The JSON Schema; `null` if the library does not provide it
 */
export function jsonSchemaOf(
  schema: Schema | undefined,
  side: "input" | "output",
): JsonObject | null {
  const source = schema?.["~standard"] as JsonSchemaSource | undefined;
  try {
    const json = source?.jsonSchema?.[side]?.({ target: "draft-2020-12" });
    return isJsonObject(json) ? json : null;
  } catch {
    // JSON Schema cannot describe some types, for example dates.
    return null;
  }
}
