/**
 * Small schemas for the admin contract, so that the package needs no schema library. They
 * implement Standard Schema and describe themselves as JSON Schema.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "../common/json.ts";
import type { Schema } from "../contract/schema.ts";

/** What is wrong with a value, and where; `undefined` if it is valid. */
type Found =
  | { readonly message: string; readonly path: readonly (string | number)[] }
  | undefined;

/** The form of a value of the type `Value`. */
export interface Shape<Value> {
  /** The JSON Schema of the value */
  readonly json: JsonObject;
  /** Whether a key with this value can be missing */
  readonly isOptional?: boolean;
  /** Returns the first issue of a value; `undefined` if the value is valid. */
  check(value: unknown): Found;
  /** Only TypeScript uses it. */
  readonly type?: Value;
}

/** The shapes of the properties of an object. */
export type Properties<Value> = {
  readonly [Key in keyof Value]-?: Shape<Exclude<Value[Key], undefined>>;
};

function issue(needed: string): Found {
  return { path: [], message: `must be ${needed}` };
}

/** Adds the key of a value to the path of what is wrong with the value. */
function within(key: string | number, found: Found): Found {
  return found && { ...found, path: [key, ...found.path] };
}

/** Returns the shape of a value with a test that needs no path. */
function simple<Value>(
  json: JsonObject,
  needed: string,
  isValid: (value: unknown) => boolean,
): Shape<Value> {
  return {
    json,
    check: (value) => isValid(value) ? undefined : issue(needed),
  };
}

/** A string of at most `max` characters. */
export function text(max: number, min = 0): Shape<string> {
  return simple(
    { type: "string", minLength: min, maxLength: max },
    `a string of ${min} to ${max} characters`,
    (value) =>
      typeof value === "string" && value.length >= min && value.length <= max,
  );
}

/** Any string. The server makes it, so that it has no limit of its own. */
export const anyText: Shape<string> = simple(
  { type: "string" },
  "a string",
  (value) => typeof value === "string",
);

/** Any finite number. */
export const anyNumber: Shape<number> = simple(
  { type: "number" },
  "a number",
  Number.isFinite,
);

/** A whole number in a range. */
export function integer(minimum: number, maximum: number): Shape<number> {
  return simple(
    { type: "integer", minimum, maximum },
    `a whole number from ${minimum} to ${maximum}`,
    (value) =>
      Number.isSafeInteger(value) && isBetween(value, minimum, maximum),
  );
}

/** A number in a range. */
export function numberFrom(minimum: number, maximum: number): Shape<number> {
  return simple(
    { type: "number", minimum, maximum },
    `a number from ${minimum} to ${maximum}`,
    (value) => isBetween(value, minimum, maximum),
  );
}

function isBetween(value: unknown, minimum: number, maximum: number): boolean {
  return typeof value === "number" && value >= minimum && value <= maximum;
}

/** `true` or `false`. */
export const flag: Shape<boolean> = simple(
  { type: "boolean" },
  "true or false",
  (value) => typeof value === "boolean",
);

/** `null`, the result of an operation without one. */
export const nothing: Shape<null> = simple(
  { type: "null" },
  "null",
  (value) => value === null,
);

/** Any JSON object. */
export const anyObject: Shape<JsonObject> = simple(
  { type: "object" },
  "an object",
  isJsonObject,
);

/** An object whose keys are not checked, because only the server makes it. */
export function objectLike<Value>(): Shape<Value> {
  return simple({ type: "object" }, "an object", isJsonObject);
}

/** One of some strings. */
export function oneOf<const Value extends string>(
  ...values: readonly Value[]
): Shape<Value> {
  return simple(
    { enum: values },
    `one of ${values.join(", ")}`,
    (value) => values.some((each) => each === value),
  );
}

/** A value of one of two shapes. */
export function either<First, Second>(
  first: Shape<First>,
  second: Shape<Second>,
): Shape<First | Second> {
  return {
    json: { anyOf: [first.json, second.json] },
    check: (value) => first.check(value) && second.check(value),
  };
}

/** A value, or `null`. */
export function orNull<Value>(shape: Shape<Value>): Shape<Value | null> {
  return {
    json: { anyOf: [shape.json, { type: "null" }] },
    check: (value) => value === null ? undefined : shape.check(value),
  };
}

/** A value that can be missing. */
export function optional<Value>(shape: Shape<Value>): Shape<Value> {
  return { ...shape, isOptional: true };
}

/** An array. */
export function arrayOf<Value>(
  items: Shape<Value>,
  maxItems = Infinity,
): Shape<readonly Value[]> {
  const most = maxItems === Infinity ? {} : { maxItems };
  const needed = maxItems === Infinity
    ? "an array"
    : `an array of at most ${maxItems} items`;
  return {
    json: { type: "array", items: items.json, ...most },
    check: (value) =>
      Array.isArray(value) && value.length <= maxItems
        ? firstIssue(value.entries(), items)
        : issue(needed),
  };
}

/** An object with any keys, whose values have the same shape. */
export function recordOf<Value>(
  values: Shape<Value>,
): Shape<Readonly<Record<string, Value>>> {
  return {
    json: { type: "object", additionalProperties: values.json },
    check: (value) =>
      isJsonObject(value)
        ? firstIssue(Object.entries(value), values)
        : issue("an object"),
  };
}

/** An object that a server sends. A newer server can add keys. */
export function object<Value>(properties: Properties<Value>): Shape<Value> {
  return makeObject(properties, true);
}

/** An object that an admin sends. A key that the server does not know is a mistake. */
export function input<Value>(properties: Properties<Value>): Shape<Value> {
  return makeObject(properties, false);
}

function makeObject<Value>(
  properties: Properties<Value>,
  isOpen: boolean,
): Shape<Value> {
  const shapes = Object.entries<Shape<unknown>>(properties);
  const isUnknown = (key: string) => !Object.hasOwn(properties, key);
  return {
    json: objectSchema(shapes, isOpen),
    check: (value) => {
      if (!isJsonObject(value)) return issue("an object");
      const unknown = isOpen ? undefined : Object.keys(value).find(isUnknown);
      return unknown === undefined
        ? firstInvalid(value, shapes)
        : { path: [unknown], message: "is an unknown key" };
    },
  };
}

function firstInvalid(
  value: JsonObject,
  shapes: readonly (readonly [string, Shape<unknown>])[],
): Found {
  for (const [key, shape] of shapes) {
    const each = Object.hasOwn(value, key) ? value[key] : undefined;
    if (each === undefined && shape.isOptional) continue;
    const found = shape.check(each);
    if (found !== undefined) return within(key, found);
  }
  return undefined;
}

function objectSchema(
  shapes: readonly (readonly [string, Shape<unknown>])[],
  isOpen: boolean,
): JsonObject {
  const required = shapes.filter(([, { isOptional }]) => !isOptional)
    .map(([key]) => key);
  return {
    type: "object",
    properties: Object.fromEntries(
      shapes.map(([key, { json }]) => [key, json]),
    ),
    required,
    ...isOpen ? {} : { additionalProperties: false },
  };
}

function firstIssue(
  entries: Iterable<readonly [string | number, unknown]>,
  shape: Shape<unknown>,
): Found {
  for (const [key, value] of entries) {
    const found = shape.check(value);
    if (found !== undefined) return within(key, found);
  }
  return undefined;
}

/** Returns the Standard Schema of a shape. The value is passed on as it is. */
export function schemaOf<Value>(shape: Shape<Value>): Schema<Value> {
  const describe = () => shape.json;
  const properties = {
    version: 1,
    vendor: "hoist",
    validate: (value: unknown) => {
      const found = shape.check(value);
      return found === undefined
        ? { value: value as Value }
        : { issues: [found] };
    },
    jsonSchema: { input: describe, output: describe },
  } as const;
  return { "~standard": properties };
}
