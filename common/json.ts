/**
 * JSON values, and turning what users pass into JSON text.
 *
 * @module
 */

/** A value that JSON can hold */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | JsonObject;

/**
 * An object that JSON can hold: what a message or an operation carries along. An
 * `interface` of your own is not taken for one, and a `type` is: others could add keys to
 * the former.
 */
export interface JsonObject {
  /** A key that is missing reads as `undefined`, and `undefined` is left out */
  readonly [key: string]: Json | undefined;
}

/**
 * Whether a value is an object in the sense of JSON: no array, not `null`.
 *
 * @param value The value to look at
 * @returns Whether it is an object
 *
 * @example
 * ```ts
 * import { isJsonObject } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * assert(isJsonObject({}) && !isJsonObject([]) && !isJsonObject(null));
 * ```
 */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether a value can be the `id` of a frame. A number that JavaScript would round
 * cannot: the answer would go to another request.
 *
 * @param value The value to look at
 * @returns Whether it is a whole number of at most 53 bits
 *
 * @example
 * ```ts
 * import { isId } from "@hoist/cli/protocol";
 * import assert from "node:assert/strict";
 *
 * assert(isId(1) && !isId(1.5) && !isId(2 ** 53) && !isId("1"));
 * ```
 */
export function isId(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** Whether arrays and objects stand deeper in one another than `limit` levels. */
export function isDeeperThan(value: Json | undefined, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (limit <= 0) return true;
  if (Array.isArray(value)) {
    return value.some((inner) => isDeeperThan(inner, limit - 1));
  }
  // Without a list of the values: this is done to every request.
  for (const key in value) {
    if (isDeeperThan((value as JsonObject)[key], limit - 1)) return true;
  }
  return false;
}

/** The JSON text of what a handler gave; `undefined` becomes `null`. */
export function stringifyValue(
  value: unknown,
  what = "what it returned",
): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value ?? null);
  } catch (cause) {
    throw new TypeError(
      `${what} has no JSON form: ${reasonOf(cause)}`,
      { cause },
    );
  }
  // What JSON cannot hold at the top (functions, symbols) gives no text at all.
  if (json !== undefined) return json;
  throw new TypeError(
    `${what} has no JSON form: it is of type ${typeof value}`,
  );
}

/** The JSON text of the data of `subject`, which must be an object. */
export function stringifyData(data: unknown, subject: string): string {
  const json = isJsonObject(data) ? tryStringify(data, subject) : undefined;
  // An object with a toJSON method, such as a Date, may turn out to be none.
  if (json?.startsWith("{")) return json;
  throw new TypeError(
    `Cannot send ${subject} as its data must be an object that JSON can hold: put the value into one, as in { value }`,
  );
}

function tryStringify(data: JsonObject, subject: string): string {
  try {
    return JSON.stringify(data);
  } catch (error) {
    throw new TypeError(
      `Cannot send ${subject} as its data must be an object that JSON can hold: ${
        reasonOf(error)
      }`,
      { cause: error },
    );
  }
}

/** The first line of what `JSON.stringify`, or a `toJSON` of the caller, says. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.split("\n", 1)[0]! : "it threw";
}
