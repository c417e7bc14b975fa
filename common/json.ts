/**
 * JSON values, and the conversion of what users pass into JSON.
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

/** Returns whether arrays and objects are nested deeper than `limit` levels. */
export function isDeeperThan(value: Json | undefined, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (limit <= 0) return true;
  if (Array.isArray(value)) {
    return value.some((inner) => isDeeperThan(inner, limit - 1));
  }
  // A loop without an array of the values, because every request passes here.
  for (const key in value) {
    if (isDeeperThan((value as JsonObject)[key], limit - 1)) return true;
  }
  return false;
}

/**
 * Encodes the result of a handler as JSON; `undefined` becomes `null`.
 *
 * @param value The result
 * @param what What the error calls it
 *
 * @throws {TypeError} If JSON cannot represent the value
 */
export function stringifyValue(
  value: unknown,
  what = "the result of the handler",
): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value ?? null);
  } catch (cause) {
    throw new TypeError(
      `${what} cannot be encoded as JSON: ${reasonOf(cause)}`,
      { cause },
    );
  }
  // JSON.stringify returns undefined for a function or a symbol.
  if (json !== undefined) return json;
  throw new TypeError(
    `${what} cannot be encoded as JSON: it is of type ${typeof value}`,
  );
}

/**
 * Encodes a payload as JSON.
 *
 * @param data The payload
 * @param subject Returns what the error calls the request, such as `message "hello"`. It is
 * a function because most payloads need no error
 *
 * @throws {TypeError} If the payload is not an object, or JSON cannot represent it
 */
export function stringifyData(data: unknown, subject: () => string): string {
  const json = isJsonObject(data) ? tryStringify(data, subject) : undefined;
  // An object with a method toJSON, such as a Date, can become a string.
  if (json?.startsWith("{")) return json;
  throw new TypeError(
    `Cannot send ${subject()}: its data must be a JSON object. Wrap the value in an object, for example { value }.`,
  );
}

function tryStringify(data: JsonObject, subject: () => string): string {
  try {
    return JSON.stringify(data);
  } catch (error) {
    throw new TypeError(
      `Cannot send ${subject()}: its data cannot be encoded as JSON: ${
        reasonOf(error)
      }`,
      { cause: error },
    );
  }
}

/** Returns the first line of an error of `JSON.stringify`, or of a method `toJSON`. */
function reasonOf(error: unknown): string {
  return error instanceof Error
    ? error.message.split("\n", 1)[0]!
    : "a method toJSON threw";
}
