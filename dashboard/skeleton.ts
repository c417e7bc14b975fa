/**
 * Makes data for a person to fill in, from the JSON Schema of a contract.
 *
 * @module
 */

import { isJsonObject, type Json, type JsonObject } from "../common/json.ts";
import { escapeJson } from "../common/text.ts";

/** How deep a skeleton is nested at most, because a schema can refer to itself. */
const MAX_DEPTH = 4;

/** What a field contains that the schema says no more about. */
const EMPTY: Readonly<Record<string, Json>> = {
  string: "",
  integer: 0,
  number: 0,
  boolean: false,
  array: [],
};

/** Returns the skeleton of a schema as JSON, in which invisible characters are escaped. */
export function skeletonText(schema: unknown): string {
  const lines = JSON.stringify(skeletonOf(schema), null, 2).split("\n");
  return lines.map(escapeJson).join("\n");
}

/** Returns an object with the fields that a schema requires; `{}` if it is not of an object. */
export function skeletonOf(schema: unknown): JsonObject {
  const value = valueOf(schema, MAX_DEPTH);
  return isJsonObject(value) ? value : {};
}

function valueOf(schema: unknown, depth: number): Json {
  if (!isJsonObject(schema) || depth === 0) return null;
  const { minimum, properties, required } = schema;
  const [type] = [schema.type].flat();
  const choices = schema.enum ?? schema.anyOf ?? schema.oneOf;
  const known = schema.const ?? schema.default;
  if (known !== undefined) return known;
  if (Array.isArray(choices)) {
    const [first] = choices;
    return schema.enum ? first ?? null : valueOf(first, depth - 1);
  }
  if (type !== "object") {
    // The schema of an integer has the smallest safe integer as its minimum.
    if (Number(minimum) > 0) return minimum!;
    return EMPTY[String(type)] ?? null;
  }
  const fields = Object.entries(Object(properties)).filter(([name]) =>
    Array.isArray(required) && required.includes(name)
  );
  return Object.fromEntries(
    fields.map(([name, field]) => [name, valueOf(field, depth - 1)]),
  );
}
