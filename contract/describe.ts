/**
 * A contract as a JSON document.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "../common/json.ts";
import {
  type Contract,
  type ContractDescription,
  type DataSchema,
  type MessageDescription,
  type MessageEntries,
  type MessageSchemas,
  type OperationDescription,
  type OperationSchemas,
} from "./contract.ts";
import { isSchema, type Schema } from "./schema.ts";
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
