/**
 * The types of JSON values, and checks of values that were received.
 *
 * @module
 */

/** A value that JSON can represent */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | JsonObject;

/**
 * An object that JSON can represent: the data of a message, or the arguments of an operation.
 *
 * Declare your data with `type`. A value whose type is an `interface` is not assignable to
 * `JsonObject`, because an interface can be extended with other keys.
 */
export interface JsonObject {
  /** A missing key reads as `undefined`, and JSON omits a key that is `undefined`. */
  readonly [key: string]: Json | undefined;
}

/**
 * Returns whether a value is a JSON object: neither an array nor `null`.
 *
 * @param value The value
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
 * Returns whether a value can be the `id` of a frame. A number that JavaScript rounds is
 * no `id`, because the response would go to another request.
 *
 * @param value The value
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

/**
 * Replaces `-0` with `0` in a value that was just parsed. Python sends it as `-0.0`, and a number
 * such as `-1e-400` is read as `-0`. An application that passes the data on could not send it,
 * because JSON.stringify changes it.
 *
 * @param value The value, which is changed
 */
export function clearMinusZeros(value: Json): void {
  // A peer can nest the value deeper than the stack allows.
  const rest: Container[] = [];
  const replace = (container: Container, key: string | number): void => {
    const inner = container[key];
    if (typeof inner === "object" && inner !== null) {
      rest.push(inner as Container);
    } else if (Object.is(inner, -0)) container[key] = 0;
  };
  replace({ value }, "value");
  for (let each = rest.pop(); each !== undefined; each = rest.pop()) {
    if (Array.isArray(each)) {
      for (let index = 0; index < each.length; index++) replace(each, index);
    } else {
      for (const key in each) replace(each, key);
    }
  }
}

/** An object or an array */
type Container = Record<string | number, unknown>;

/** Returns whether arrays and objects are nested deeper than `limit` levels. */
export function isDeeperThan(value: Json | undefined, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (limit <= 0) return true;
  // Loops without closures and arrays of the values, because every request passes here.
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const inner = value[index];
      if (typeof inner === "object" && isDeeperThan(inner, limit - 1)) {
        return true;
      }
    }
    return false;
  }
  for (const key in value) {
    const inner = (value as JsonObject)[key];
    if (typeof inner === "object" && isDeeperThan(inner, limit - 1)) {
      return true;
    }
  }
  return false;
}

/** Parses JSON; returns `undefined` if a string is not JSON. */
export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A string of four to nine digits. V8 finds this form three times as fast as `\d{4,9}`. */
const DIGITS = /"\d\d\d\d\d{0,5}"/;

const FIRST_DIGITS = /"(\d)(?=\d{3,8}")/g;

/**
 * Escapes the first digit of strings of digits in JSON. The value of the JSON is the same.
 *
 * `JSON.parse` puts short strings into a table of V8, whose places are predictable for digits.
 * A peer could make thousands of them collide, which takes seconds. V8 does not put strings
 * with an escape into the table.
 *
 * @param json The JSON, or any other string
 */
export function escapeDigits(json: string): string {
  // The search is faster, and few frames contain such a string.
  return DIGITS.test(json) ? json.replaceAll(FIRST_DIGITS, '"\\u003$1') : json;
}
