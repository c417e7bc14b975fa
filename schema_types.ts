/**
 * What a schema needs and what it got, in the words that Python has for types:
 * docs/protocol.md, "Frames", code 2.
 *
 * @module
 */

import { jsonSchemaOf } from "./contract_description.ts";
import { typeName } from "./invalid.ts";
import type { Issue } from "./issue.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";
import type { Schema } from "./schema.ts";

/** What there is at a place and what there should be, as Python calls it. */
export function typesAt(
  path: Issue["path"],
  value: JsonObject,
  schema: Schema,
): { readonly current: string | null; readonly needed: string | string[] } {
  const needed = neededAt(path, inputOf(schema));
  // Who cannot say more says that it is an object, and yet not the right one.
  if (needed === undefined) return { current: "dict", needed: "dict" };
  return { current: typeName(valueAt(path, value)), needed };
}

function valueAt(path: Issue["path"], value: Json): Json | undefined {
  let current: Json | undefined = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    if (!Object.hasOwn(current, key)) return undefined;
    current = (current as JsonObject)[key];
  }
  return current;
}

/** What libraries said: they take longer for it than for the checking. */
const inputs = new WeakMap<Schema, JsonObject | null>();

function inputOf(schema: Schema): JsonObject | null {
  const known = inputs.get(schema);
  if (known !== undefined) return known;
  const made = jsonSchemaOf(schema, "input");
  inputs.set(schema, made);
  return made;
}

/** What Python calls the types of JSON Schema. */
const TYPES: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["string", ["str"]],
  ["integer", ["int"]],
  ["number", ["int", "float"]],
  ["boolean", ["bool"]],
  ["object", ["dict"]],
  ["array", ["list"]],
  ["null", ["None"]],
]);

/** The types that a JSON Schema asks for at a place; `undefined` if it does not say. */
function neededAt(
  path: Issue["path"],
  schema: JsonObject | null,
): string | string[] | undefined {
  let node: Json | undefined = schema;
  for (const key of path) {
    if (!isJsonObject(node)) return undefined;
    node = typeof key === "number"
      ? node.items
      : isJsonObject(node.properties)
      ? node.properties[key]
      : undefined;
  }
  const types = isJsonObject(node) ? [node.type].flat() : [];
  const names = types.flatMap((type) => TYPES.get(type) ?? []);
  return names.length > 1 ? names : names[0];
}
