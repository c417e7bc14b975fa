/**
 * Encodes what the application sends as JSON.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "./json.ts";
import { describeChange } from "./json_changes.ts";

/** What a handler returns or yields */
type Output = "result" | "item";

const OUTPUTS: Readonly<Record<Output, string>> = {
  result: "the result of the handler",
  item: "the item of the stream",
};

/**
 * Encodes the result of a handler as JSON; `undefined` becomes `null`.
 *
 * @param value The result
 * @param output What it is
 *
 * @throws {TypeError} If JSON cannot represent the value
 */
export function stringifyValue(
  value: unknown,
  output: Output = "result",
): string {
  let json: string | undefined;
  try {
    json = encode(value ?? null, output);
  } catch (cause) {
    throw new TypeError(
      `${OUTPUTS[output]} cannot be encoded as JSON: ${reasonOf(cause)}`,
      { cause },
    );
  }
  // JSON.stringify returns undefined for a function or a symbol.
  if (json !== undefined) return json;
  throw new TypeError(
    `${
      OUTPUTS[output]
    } cannot be encoded as JSON: it is of type ${typeof value}`,
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
    return encode(data, "data")!;
  } catch (error) {
    throw new TypeError(
      `Cannot send ${subject()}: its data cannot be encoded as JSON: ${
        reasonOf(error)
      }`,
      { cause: error },
    );
  }
}

/**
 * Encodes a value; returns `undefined` for a function or a symbol.
 *
 * @param value The value
 * @param name How the path of a value in it begins
 *
 * @throws {TypeError} If JSON has no form for a value, or changes it
 */
function encode(value: unknown, name: string): string | undefined {
  const json = JSON.stringify(value);
  if (json === undefined) return undefined;
  const change = describeChange(value, name);
  if (change === undefined) return json;
  throw change.isNumber
    ? new NumberError(change.text)
    : new TypeError(change.text);
}

/** The cause of an error about `NaN`, `Infinity` or `-0`. */
class NumberError extends TypeError {}

/**
 * Returns whether data was refused because of `NaN`, `Infinity` or `-0`. Unlike the other
 * mistakes, such a number often results from data that a peer has sent.
 */
export function isNumberError(error: unknown): boolean {
  return error instanceof TypeError && error.cause instanceof NumberError;
}

/**
 * Returns whether data was refused because it is nested deeper than the stack allows. Data
 * that a peer has sent can be that deep.
 */
export function isDepthError(error: unknown): boolean {
  return error instanceof TypeError && error.cause instanceof RangeError;
}

/** Returns the first line of an error of `JSON.stringify`, or of a method `toJSON`. */
function reasonOf(error: unknown): string {
  return error instanceof Error
    ? error.message.split("\n", 1)[0]!
    : "a method toJSON threw";
}
