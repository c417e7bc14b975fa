/** Invalid parts of contracts, and the errors for them. */

import assert from "node:assert/strict";

/** Values that are no schemas, and how errors describe them. */
export const NO_SCHEMAS: readonly (readonly [value: unknown, shown: string])[] =
  [
    [null, "null"],
    [true, "true"],
    [1, "1"],
    ["text", '"text"'],
    [[], "an array"],
    [{}, "an object"],
    [() => {}, "a function"],
    [{ "~standard": {} }, "an object"],
  ];

/** Values that are no objects, and how errors describe them. */
export const NO_OBJECTS: readonly (readonly [value: unknown, shown: string])[] =
  [
    [null, "null"],
    [true, "true"],
    [1, "1"],
    [1n, "1n"],
    ["text", '"text"'],
    [[], "an array"],
    [() => {}, "a function"],
    [Symbol("no"), "a symbol"],
  ];

/** Asserts that an action throws a `TypeError` with a message. */
export function assertRefused(action: () => void, message: string): void {
  assert.throws(action, { name: "TypeError", message });
}

export function noSchema(place: string, shown: string): string {
  return `Cannot define the contract: '${place}' must be a Standard Schema, for example of zod, valibot or arktype. It is ${shown}.`;
}

export function noObject(place: string, shown: string): string {
  return `Cannot define the contract: '${place}' must be an object. It is ${shown}.`;
}
