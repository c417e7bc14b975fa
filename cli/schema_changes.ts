/**
 * Compares two schemas: which values one accepts that the other one rejects.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "../common/json.ts";

/** A described schema; `null` if it accepts everything. */
export type SchemaJson = JsonObject | null | undefined;

/** What breaks clients, in sentences without a subject. */
export type Problems = readonly string[];

/** How deep the schemas are compared. */
const MAX_DEPTH = 32;

/**
 * Finds where a schema rejects values that another one accepts. Parts that cannot be compared
 * count as different if their JSON differs.
 *
 * @param path Where the schemas are, such as `input.name`
 * @param from The schema of the values
 * @param to The schema that must accept them
 * @param reader What reads the values
 */
export function findNarrower(
  path: string,
  from: SchemaJson,
  to: SchemaJson,
  reader: string,
  depth = 0,
): Problems {
  if (isAny(to) || sameJson(from, to)) return [];
  if (isAny(from)) return [`${path}: ${reader} does not accept every value`];
  if (depth > MAX_DEPTH || !isPlain(from!) || !isPlain(to!)) {
    return [`${path}: the schema is a different one`];
  }
  const kinds = findKinds(path, from!, to!, reader);
  if (kinds.length > 0) return kinds;
  return [
    ...findFields(path, from!, to!, reader, depth),
    ...findItems(path, from!, to!, reader, depth),
    ...findBounds(path, from!, to!, reader),
  ];
}

function isAny(schema: SchemaJson): boolean {
  if (schema === null || schema === undefined) return true;
  return Object.keys(schema).every((key) => ANNOTATIONS.has(key));
}

/** Keywords that change nothing. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...["$schema", "$id", "$comment", "title", "description", "default"],
  ...["examples", "deprecated", "readOnly", "writeOnly"],
]);

/** The keywords that are compared one by one. */
const COMPARED: ReadonlySet<string> = new Set([
  ...["type", "enum", "const", "properties", "required", "items"],
  ...["additionalProperties", "minimum", "maximum", "exclusiveMinimum"],
  ...["exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems"],
]);

/** Whether a schema has only keywords that are compared one by one. */
function isPlain(schema: JsonObject): boolean {
  return Object.keys(schema).every((key) =>
    COMPARED.has(key) || ANNOTATIONS.has(key)
  );
}

function sameJson(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: unknown): string {
  return JSON.stringify(sorted(value));
}

/** Copies JSON with the keys of its objects in order, and without annotations. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([key, value]) =>
      !ANNOTATIONS.has(key) || isJsonObject(value)
    ).toSorted(([one], [other]) => one < other ? -1 : 1)
      .map(([key, value]) => [key, sorted(value)]),
  );
}

/** Copies a schema, and lets its objects have any other fields. */
export function openObjects<Value>(schema: Value): Value;
export function openObjects(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(openObjects);
  if (!isJsonObject(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) =>
        key !== "additionalProperties" || value !== false
      )
      .map(([key, value]) => [key, openObjects(value)]),
  );
}

function findKinds(
  path: string,
  from: JsonObject,
  to: JsonObject,
  reader: string,
): Problems {
  const types = declaredTypes(to);
  const given = typesOf(from);
  const rejected = given.filter((type) =>
    types.length > 0 && !types.includes(type) &&
    !(type === "integer" && types.includes("number"))
  );
  if (rejected.length > 0 || (types.length > 0 && given.length === 0)) {
    const others = rejected.join(" or ") || "any type";
    return [`${path}: ${reader} expects ${types.join(" or ")}, not ${others}`];
  }
  const accepted = valuesOf(to);
  if (accepted === undefined) return [];
  const values = valuesOf(from);
  // A server can list millions of values.
  const known = new Set(accepted.map(canonical));
  const strange = values?.filter((value) => !known.has(canonical(value)));
  if (strange?.length === 0) return [];
  const shown = strange?.map((value) => JSON.stringify(value)).join(", ");
  return [`${path}: ${reader} does not accept ${shown ?? "all values"}`];
}

/** Returns the types of the values that a schema accepts; none if it accepts all types. */
function typesOf(schema: JsonObject): readonly string[] {
  const values = valuesOf(schema);
  return values === undefined
    ? declaredTypes(schema)
    : [...new Set(values.map(typeOf))];
}

function declaredTypes({ type }: JsonObject): readonly string[] {
  return type === undefined ? [] : [type].flat().filter(isString);
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function valuesOf(schema: JsonObject): readonly unknown[] | undefined {
  if ("const" in schema) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : undefined;
}

function findFields(
  path: string,
  from: JsonObject,
  to: JsonObject,
  reader: string,
  depth: number,
): Problems {
  if (!canBe(from, "object")) return [];
  const given = fieldsOf(from);
  const known = fieldsOf(to);
  const present = new Set(requiredOf(from));
  const missing = requiredOf(to).filter((key) => !present.has(key))
    .map((key) => `${path}.${key}: ${reader} needs it`);
  const others = to.additionalProperties as SchemaJson | boolean;
  const compare = (key: string, schema: SchemaJson) => {
    const field = `${path}.${key}`;
    const other = Object.hasOwn(known, key) ? known[key] : others;
    return other === false
      ? [`${field}: ${reader} does not know it`]
      : findNarrower(field, schema, schemaOf(other), reader, depth + 1);
  };
  const fields = Object.entries(given).flatMap(([key, schema]) =>
    compare(key, schema)
  );
  // Peers do not send other fields, unless the schema names them.
  const { additionalProperties = false } = from;
  return additionalProperties === false
    ? [...missing, ...fields]
    : [...missing, ...fields, ...compare("*", schemaOf(additionalProperties))];
}

/** Returns a schema; `null` for `true`, which accepts everything, and for what is no schema. */
function schemaOf(value: unknown): SchemaJson {
  return isJsonObject(value) ? value : null;
}

function fieldsOf({ properties }: JsonObject): Record<string, JsonObject> {
  return isJsonObject(properties)
    ? properties as Record<string, JsonObject>
    : {};
}

function requiredOf({ required }: JsonObject): readonly string[] {
  return Array.isArray(required) ? required.filter(isString) : [];
}

/** A server can send anything in a schema. */
function isString(value: unknown): value is string {
  return typeof value === "string";
}

function findItems(
  path: string,
  from: JsonObject,
  to: JsonObject,
  reader: string,
  depth: number,
): Problems {
  if (!isJsonObject(to.items) || !canBe(from, "array")) return [];
  const items = isJsonObject(from.items) ? from.items : null;
  return findNarrower(`${path}[]`, items, to.items, reader, depth + 1);
}

/** A range of values: what has it, and the keywords of one of its ends. */
interface Range {
  readonly types: readonly string[];
  /** 1 if the keywords reject small values, -1 if they reject large ones */
  readonly sign: 1 | -1;
  readonly inclusive: string;
  readonly exclusive?: string;
  /** The bound of a schema without the keywords */
  readonly natural?: number;
}

const NUMBERS = ["number", "integer"];

const RANGES: readonly Range[] = [
  {
    ...{ types: NUMBERS, sign: 1 },
    ...{ inclusive: "minimum", exclusive: "exclusiveMinimum" },
  },
  {
    ...{ types: NUMBERS, sign: -1 },
    ...{ inclusive: "maximum", exclusive: "exclusiveMaximum" },
  },
  { types: ["string"], sign: 1, inclusive: "minLength", natural: 0 },
  { types: ["string"], sign: -1, inclusive: "maxLength" },
  { types: ["array"], sign: 1, inclusive: "minItems", natural: 0 },
  { types: ["array"], sign: -1, inclusive: "maxItems" },
];

/** One end of a range */
interface Bound {
  /** The keyword and its value, as the schema has them */
  readonly shown: string;
  /** The value, negated at the upper end of a range: a higher one rejects more */
  readonly value: number;
  /** Whether the value itself is rejected */
  readonly isExclusive: boolean;
}

function findBounds(
  path: string,
  from: JsonObject,
  to: JsonObject,
  reader: string,
): Problems {
  const isWhole = !canBe(from, "number");
  return RANGES.filter(({ types }) => types.some((type) => canBe(from, type)))
    .flatMap((range) => {
      const bound = boundOf(to, range, isWhole);
      const values = valuesOf(from);
      const before = values === undefined
        ? boundOf(from, range, isWhole)
        : boundOfValues(values, range);
      if (!isTighter(bound, before)) return [];
      return [`${path}: ${reader} has the ${bound!.shown}`];
    });
}

/** Whether a schema accepts values of a type. An integer is a number only by its name. */
function canBe(schema: JsonObject, type: string): boolean {
  const types = typesOf(schema);
  return types.length === 0 || types.includes(type);
}

/** Whether a bound rejects values that another one accepts. */
function isTighter(one: Bound | undefined, other: Bound | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return one.value > other.value ||
    one.value === other.value && one.isExclusive && !other.isExclusive;
}

/** Returns the tighter one of the two bounds that a schema can have at one end of a range. */
function boundOf(
  schema: JsonObject,
  { sign, inclusive, exclusive, natural }: Range,
  isWhole: boolean,
): Bound | undefined {
  const read = (key = "", isExclusive = false, natural?: number) => {
    const number = schema[key] ?? natural;
    if (typeof number !== "number") return undefined;
    const shown = `${key} ${number}`;
    const bound = { shown, value: sign * number, isExclusive };
    return isWhole ? wholeBound(bound) : bound;
  };
  const one = read(inclusive, false, natural);
  const other = read(exclusive, true);
  return isTighter(other, one) ? other : one;
}

/** Returns the bound of the only values that a schema accepts. */
function boundOfValues(
  values: readonly unknown[],
  { types, sign }: Range,
): Bound {
  const sizes = values.filter((value) => types.includes(typeOf(value)))
    .map((value) => sign * sizeOf(value));
  // A server can list more values than a function has arguments.
  const value = sizes.reduce((one, other) => Math.min(one, other), Infinity);
  return { shown: "", value, isExclusive: false };
}

/** Returns what the keywords of a range compare. */
function sizeOf(value: unknown): number {
  return typeof value === "number"
    ? value
    : [...value as string | unknown[]].length;
}

/** Integers above 0 are the same as those from 1. */
function wholeBound({ shown, value, isExclusive }: Bound): Bound {
  const whole = isExclusive ? Math.floor(value) + 1 : Math.ceil(value);
  return { shown, value: whole, isExclusive: false };
}
