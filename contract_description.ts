/**
 * A contract as a JSON document.
 *
 * @module
 */

import type {
  Contract,
  DataSchema,
  MessageEntries,
  MessageSchemas,
  OperationSchemas,
} from "./contract.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import { isSchema, type Schema } from "./schema.ts";

/** What a contract says, as JSON can hold it; schemas are JSON Schema 2020-12 */
export interface ContractDescription {
  /** What clients send, by its name */
  readonly messages: Readonly<Record<string, MessageDescription>>;
  /** What the server sends, by its name */
  readonly events: Readonly<Record<string, MessageDescription>>;
  /** What clients call, by its name */
  readonly operations: Readonly<Record<string, OperationDescription>>;
}

/** A message or an event of a {@linkcode ContractDescription} */
export interface MessageDescription {
  /** What it carries; `null` if that may be anything, or its library cannot say it */
  readonly data: JsonObject | null;
  /** What each of the replies to it carries, by its name */
  readonly replies: Readonly<Record<string, JsonObject | null>>;
}

/** An operation of a {@linkcode ContractDescription} */
export interface OperationDescription {
  /** What it takes; `null` if that may be anything, or its library cannot say it */
  readonly input: JsonObject | null;
  /** Its result; not there if it gives a stream */
  readonly output?: JsonObject | null;
  /** Each item of its stream; not there if it gives one result */
  readonly yields?: JsonObject | null;
}

/** Describes a contract: what is sent, so what goes into a schema that is sent to. */
export function describe(
  { messages, events, operations }: Omit<Contract, "describe">,
): ContractDescription {
  return {
    messages: describeMessages(messages),
    events: describeMessages(events),
    operations: mapEntries(operations, describeOperation),
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
  const { data, replies = {} }: MessageSchemas = isSchema(entry)
    ? { data: entry }
    : entry;
  return {
    data: jsonSchemaOf(data, "input"),
    replies: mapEntries(replies, (reply) => jsonSchemaOf(reply, "input")),
  };
}

function describeOperation(
  { input, output, yields }: OperationSchemas,
): OperationDescription {
  // The server sends what comes out of the schema of a result.
  const given = yields === undefined
    ? { output: jsonSchemaOf(output, "output") }
    : { yields: jsonSchemaOf(yields, "output") };
  return { input: jsonSchemaOf(input, "input"), ...given };
}

function mapEntries<Value, Mapped>(
  entries: Readonly<Record<string, Value>>,
  map: (value: Value) => Mapped,
): Readonly<Record<string, Mapped>> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, value]) => [name, map(value)]),
  );
}

/** What a library can say besides: Standard JSON Schema v1. */
interface JsonSchemaSource {
  readonly jsonSchema?: {
    input?(options: { readonly target: string }): unknown;
    output?(options: { readonly target: string }): unknown;
  };
}

/**
 * The JSON Schema of what goes into a schema, or of what comes out of it.
 *
 * @returns `null` if the library cannot say it
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
    // There are types that JSON Schema has no word for, as dates.
    return null;
  }
}
