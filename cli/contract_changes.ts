/**
 * Compares two contracts: which changes break clients that were written for the first one.
 *
 * @module
 */

import type { ContractDescription } from "../client.ts";
import { isJsonObject, type JsonObject } from "../common/json.ts";

/** A difference between two contracts. */
export interface Change {
  /** Such as `operation "add"` */
  readonly subject: string;
  readonly what: string;
  /** Whether a client that was written for the first contract can fail */
  readonly isBreaking: boolean;
}

/** A described schema; `null` if it accepts everything. */
type SchemaJson = JsonObject | null | undefined;

/** Returns the differences. */
export function compareContracts(
  before: ContractDescription,
  after: ContractDescription,
): readonly Change[] {
  return [
    ...compareEntries(
      "message",
      before.messages,
      after.messages,
      (one, two) => [
        ...sent("data", one.data, two.data),
        ...eachReply(one.replies, two.replies),
        ...eachError(one.errors, two.errors),
      ],
    ),
    ...compareEntries("event", before.events, after.events, (one, two) => [
      ...received("data", one.data, two.data),
      ...eachReply(one.replies, two.replies),
    ]),
    ...compareEntries(
      "operation",
      before.operations,
      after.operations,
      compareOperations,
    ),
    ...compareEntries(
      "room",
      before.rooms ?? {},
      after.rooms ?? {},
      compareRooms,
    ),
  ];
}

type Operation = ContractDescription["operations"][string];

function compareOperations(one: Operation, two: Operation): Problems {
  const isStream = "yields" in one;
  if (isStream !== "yields" in two) {
    return [isStream ? "returns no stream any more" : "returns a stream now"];
  }
  return [
    ...sent("input", one.input, two.input),
    ...received("output", one.output, two.output),
    ...received("yields", one.yields, two.yields),
    ...eachError(one.errors, two.errors),
  ];
}

type Room = ContractDescription["rooms"][string];

function compareRooms(one: Room, two: Room): Problems {
  const events = Object.entries(one.events).flatMap(([name, { data }]) => {
    const other = entryOf(two.events, name);
    return other === undefined
      ? [`the event "${name}" was removed`]
      : received(`the event "${name}"`, data, other.data);
  });
  const lost = one.publishes.filter((name) => !two.publishes.includes(name));
  return [
    ...events,
    ...lost.map((name) => `clients cannot publish "${name}" any more`),
    ...received("presence", one.presence, two.presence),
    ...sent("claims", one.claims, two.claims),
  ];
}

/** What breaks clients, in sentences without a subject. */
type Problems = readonly string[];

function compareEntries<Entry>(
  kind: string,
  before: Readonly<Record<string, Entry>>,
  after: Readonly<Record<string, Entry>>,
  compare: (before: Entry, after: Entry) => Problems,
): Change[] {
  const changes = Object.entries(before).flatMap(([name, entry]) => {
    const other = entryOf(after, name);
    const problems = other === undefined
      ? ["was removed"]
      : compare(entry, other);
    const subject = `${kind} "${name}"`;
    return problems.map((what) => ({ subject, what, isBreaking: true }));
  });
  const added = Object.keys(after).filter((name) =>
    !Object.hasOwn(before, name)
  );
  return [
    ...changes,
    ...added.map((name) => ({
      subject: `${kind} "${name}"`,
      what: "was added",
      isBreaking: false,
    })),
  ];
}

/** Returns the entry with a name, which can be that of a method of all objects. */
function entryOf<Entry>(
  entries: Readonly<Record<string, Entry>>,
  name: string,
): Entry | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

function eachReply(
  before: Readonly<Record<string, SchemaJson>>,
  after: Readonly<Record<string, SchemaJson>>,
): Problems {
  return Object.entries(before).flatMap(([name, data]) =>
    Object.hasOwn(after, name)
      ? received(`the reply "${name}"`, data, after[name])
      : [`the reply "${name}" was removed`]
  );
}

/** An error that a client does not know is an error for it, too. Its details can break it. */
function eachError(
  before: Readonly<Record<string, SchemaJson>> = {},
  after: Readonly<Record<string, SchemaJson>> = {},
): Problems {
  return Object.entries(before).flatMap(([kind, details]) =>
    Object.hasOwn(after, kind)
      ? received(`the error "${kind}"`, details, after[kind])
      : []
  );
}

/** Compares what clients send: the new schema must accept everything that the old one did. */
function sent(what: string, before: SchemaJson, after: SchemaJson): Problems {
  return findNarrower(what, before, after, "the server");
}

/** Compares what clients receive: the old schema must accept everything that the new one does. */
function received(
  what: string,
  before: SchemaJson,
  after: SchemaJson,
): Problems {
  return findNarrower(what, after, before, "a client");
}

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
function findNarrower(
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

function findKinds(
  path: string,
  from: JsonObject,
  to: JsonObject,
  reader: string,
): Problems {
  const types = typesOf(to);
  const rejected = typesOf(from).filter((type) =>
    types.length > 0 && !types.includes(type) &&
    !(type === "integer" && types.includes("number"))
  );
  if (rejected.length > 0 || (types.length > 0 && typesOf(from).length === 0)) {
    const given = rejected.join(" or ") || "any type";
    return [`${path}: ${reader} expects ${types.join(" or ")}, not ${given}`];
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

function typesOf({ type }: JsonObject): readonly string[] {
  return type === undefined ? [] : [type].flat().filter(isString);
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
  const given = fieldsOf(from);
  const known = fieldsOf(to);
  const present = new Set(requiredOf(from));
  const missing = requiredOf(to).filter((key) => !present.has(key))
    .map((key) => `${path}.${key}: ${reader} needs it`);
  const fields = Object.entries(given).flatMap(([key, schema]) => {
    const field = `${path}.${key}`;
    if (Object.hasOwn(known, key)) {
      return findNarrower(field, schema, known[key], reader, depth + 1);
    }
    return to.additionalProperties === false
      ? [`${field}: ${reader} does not know it`]
      : [];
  });
  return [...missing, ...fields];
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

function boundOf(schema: JsonObject, key: string): number | undefined {
  const bound = schema[key];
  return typeof bound === "number" ? bound : undefined;
}

function findItems(
  path: string,
  from: JsonObject,
  to: JsonObject,
  reader: string,
  depth: number,
): Problems {
  if (!isJsonObject(to.items)) return [];
  const items = isJsonObject(from.items) ? from.items : null;
  return findNarrower(`${path}[]`, items, to.items, reader, depth + 1);
}

/** The keywords that reject small values, and those that reject large ones. */
const LOWER = ["minimum", "exclusiveMinimum", "minLength", "minItems"];
const UPPER = ["maximum", "exclusiveMaximum", "maxLength", "maxItems"];

function findBounds(
  path: string,
  from: JsonObject,
  to: JsonObject,
  reader: string,
): Problems {
  const isTighter = (key: string, sign: number) => {
    const bound = boundOf(to, key);
    if (bound === undefined) return false;
    const before = boundOf(from, key);
    return before === undefined || sign * (bound - before) > 0;
  };
  return [
    ...LOWER.filter((key) => isTighter(key, 1)),
    ...UPPER.filter((key) => isTighter(key, -1)),
  ].map((key) => `${path}: ${reader} has the ${key} ${boundOf(to, key)}`);
}
