/**
 * Encodes what the application sends as JSON, and finds the values that `JSON.stringify`
 * changes without an error, such as a `Map`, which becomes `{}`, and `NaN`, which becomes
 * `null`.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "./json.ts";
import { escapeControls, formatPath, truncate } from "./text.ts";
import { readable } from "./thrown.ts";

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
  } catch (error) {
    throw notEncodable(OUTPUTS[output], error);
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
  const json = tryStringify(data, subject);
  // An object with a method toJSON, such as a Date, can become a string.
  if (json?.startsWith("{")) return json;
  throw new TypeError(
    `Cannot send ${subject()}: its data must be a JSON object. Wrap the value in an object, for example { value }.`,
  );
}

/**
 * Encodes a message that another one replies to. It was parsed from JSON, but `JSON.stringify`
 * can need a deeper stack than `JSON.parse`, for example if the keys are numbers.
 *
 * @param replying The message, as it was received; `null` if there is none
 * @param subject Returns what the error calls the reply, such as `message "hello"`
 *
 * @throws {TypeError} If it is nested deeper than the stack allows: see `isDepthError`
 */
export function stringifyReplying(
  replying: object | null,
  subject: () => string,
): string {
  try {
    return JSON.stringify(replying);
  } catch (error) {
    const what = `Cannot send ${subject()}: the message that it replies to`;
    throw notEncodable(what, error);
  }
}

/**
 * Returns whether JSON can represent a payload. It cannot represent all that was parsed from
 * JSON: `1e400` is read as `Infinity`, and data can be nested deeper than the stack allows.
 */
export function isEncodable(data: JsonObject): boolean {
  try {
    encode(data, "data");
    return true;
  } catch {
    return false;
  }
}

function tryStringify(
  data: unknown,
  subject: () => string,
): string | undefined {
  try {
    // Throws for a revoked proxy.
    return isJsonObject(data) ? encode(data, "data") : undefined;
  } catch (error) {
    throw notEncodable(`Cannot send ${subject()}: its data`, error);
  }
}

/**
 * Returns the error for a value that cannot be encoded. What this module or `JSON.stringify`
 * has thrown is no cause, because its stack would repeat that of the error in the log.
 *
 * @param what What cannot be encoded
 * @param thrown What was thrown: by this module, `JSON.stringify` or a method `toJSON`
 */
function notEncodable(what: string, thrown: unknown): TypeError {
  const error = readable(thrown);
  const message = `${what} cannot be encoded as JSON: ${reasonOf(error)}`;
  if (error instanceof ChangeError) {
    const refused = new TypeError(message);
    if (error.isNumber) numberErrors.add(refused);
    return refused;
  }
  const hasOwnStack = !isOfEngine(error);
  return new TypeError(message, hasOwnStack ? { cause: error } : {});
}

/**
 * Whether `JSON.stringify` of V8 has refused a cycle or a bigint. A method `toJSON` that calls
 * `JSON.stringify` has a place of its own, which the log must show.
 */
function isOfEngine(error: unknown): boolean {
  if (!(error instanceof TypeError)) return false;
  const frames = textOf(error, "stack").match(/^\s+at .*/gm) ?? [];
  const [inner, ...outer] = frames.map((line) =>
    line.includes("JSON.stringify ")
  );
  return inner === true && !outer.includes(true);
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
  throw new ChangeError(change.text, change.isNumber);
}

/** Thrown for a value that JSON changes. It does not leave this module. */
class ChangeError extends TypeError {
  constructor(message: string, readonly isNumber: boolean) {
    super(message);
  }
}

/** The errors about `NaN`, `Infinity` or `-0`. */
const numberErrors = new WeakSet<object>();

/**
 * Returns whether data was refused because of `NaN`, `Infinity` or `-0`. Unlike the other
 * mistakes, such a number often results from data that a peer has sent.
 */
export function isNumberError(error: unknown): boolean {
  return error instanceof TypeError && numberErrors.has(error);
}

/**
 * Returns whether data was refused because it is nested deeper than the stack allows. Data
 * that a peer has sent can be that deep.
 */
export function isDepthError(error: unknown): boolean {
  if (!(error instanceof TypeError)) return false;
  const { cause } = error;
  // A method toJSON can throw another one, for example about an invalid date.
  return cause instanceof RangeError &&
    /call stack/.test(textOf(cause, "message"));
}

/** Returns what an error says in one line. For a cycle, its last line has the key. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? textOf(error, "message") : "";
  if (message === "") return "a method toJSON threw";
  const [first = "", ...rest] = message.split("\n");
  const cycle = /(property|index) .* closes the circle$/.exec(rest.join(" "));
  if (cycle === null || !isOfEngine(error)) return first;
  return `${first}: ${escapeControls(cycle[0])}`;
}

/** Returns a text of an error. An application can replace it by anything, or by a getter. */
function textOf(error: Error, key: "message" | "stack"): string {
  try {
    const text: unknown = error[key];
    return typeof text === "string" ? text : "";
  } catch {
    return "";
  }
}

/** A value that JSON changes */
interface Change {
  readonly value: unknown;
  /** The keys and the indexes from the value to the outermost object */
  readonly path: (string | number)[];
}

/** Describes a value that JSON changes. */
export interface ChangeDescription {
  /** Where the value is, what it is, and what to do */
  readonly text: string;
  /** Whether it is a number, which often results from data that was received */
  readonly isNumber: boolean;
}

/**
 * Returns which value JSON changes; `undefined` if it changes none. An object with a method
 * `toJSON` converts itself, and a key whose value is `undefined` is omitted.
 *
 * @param value A value that `JSON.stringify` has accepted, so that it has no cycle
 * @param name How the path begins, such as `data`
 */
export function describeChange(
  value: unknown,
  name: string,
): ChangeDescription | undefined {
  const change = changeOf(value);
  if (change === undefined) return undefined;
  const path = formatPath([name, ...change.path.reverse()]);
  const { kind, remedy } = describe(change.value);
  const isNumber = typeof change.value === "number";
  return { text: `${path} is ${kind}. ${remedy}`, isNumber };
}

// The functions that follow read every value that is sent, and allocate nothing.

function changeOf(value: unknown): Change | undefined {
  if (isKept(value) || value === undefined) return undefined;
  if (typeof value === "object") return changeInObject(value!);
  // A bigint that JSON.stringify has accepted has a method toJSON.
  return typeof value === "bigint" ? undefined : { value, path: [] };
}

/** Returns whether JSON keeps a value, which is neither an object nor an array. */
function isKept(value: unknown): boolean {
  // The difference is NaN if the number is NaN or infinite.
  if (typeof value === "number") {
    return value - value === 0 && !Object.is(value, -0);
  }
  return typeof value === "string" || typeof value === "boolean" ||
    value === null;
}

function changeInObject(object: object): Change | undefined {
  // The method can hide a cycle, so do not read a key before.
  if (hasToJSON(object)) return undefined;
  if (Array.isArray(object)) return changeInArray(object);
  // Faster than a comparison of the prototype, which is not needed for a plain object.
  if (object.constructor === Object) return changeInKeys(object);
  if (isChanged(object)) return { value: object, path: [] };
  return changeInKeys(object);
}

function changeInKeys(object: object): Change | undefined {
  // Faster than an array of the keys.
  for (const key in object) {
    const value: unknown = object[key as never];
    if (isKept(value)) continue;
    const change = changeOf(value);
    if (change === undefined || !Object.hasOwn(object, key)) continue;
    return addTo(change, key);
  }
}

function changeInArray(array: readonly unknown[]): Change | undefined {
  for (let index = 0; index < array.length; index++) {
    const value = array[index];
    if (isKept(value)) continue;
    const change = value === undefined ? { value, path: [] } : changeOf(value);
    if (change !== undefined) return addTo(change, index);
  }
}

function addTo(change: Change, key: string | number): Change {
  change.path.push(key);
  return change;
}

function hasToJSON(object: { readonly toJSON?: unknown }): boolean {
  return typeof object.toJSON === "function";
}

/** The tags of the classes of the runtime whose subclasses can have keys. */
const CLASSES: ReadonlySet<unknown> = new Set([
  "Map",
  "Set",
  "WeakMap",
  "WeakSet",
  "ArrayBuffer",
  "SharedArrayBuffer",
]);

/** Returns whether JSON loses the content of an object, which is not a plain object. */
function isChanged(object: Instance): boolean {
  if (object instanceof Error || typeof object.then === "function") return true;
  const tag = object[Symbol.toStringTag];
  // Few classes of applications have one, and all classes of the runtime but RegExp.
  if (tag === undefined) return object instanceof RegExp;
  return CLASSES.has(tag) || ArrayBuffer.isView(object) ||
    Object.keys(object).length === 0;
}

/** An object of a class */
interface Instance {
  readonly then?: unknown;
  readonly [Symbol.toStringTag]?: unknown;
}

/** What a value is, and what to send instead */
interface Description {
  readonly kind: string;
  readonly remedy: string;
}

function describe(value: unknown): Description {
  switch (typeof value) {
    case "number":
      return describeNumber(value);
    case "undefined":
      return { kind: "undefined", remedy: "Use null in arrays." };
    case "object":
      return describeObject(value!);
    default:
      return { kind: `a ${typeof value}`, remedy: "Remove it." };
  }
}

function describeNumber(value: number): Description {
  return value === 0
    ? { kind: "-0", remedy: "Add 0 to it, because JSON changes it to 0." }
    : { kind: String(value), remedy: "Use null or a string." };
}

/** What to send instead of an object of a class of the runtime */
const REMEDIES = new Map([
  ["Map", "Use Object.fromEntries(map)."],
  ["Set", "Use [...set]."],
  ["Promise", "Await it."],
  ["Error", "Use error.message."],
  ["RegExp", "Use pattern.source."],
  ["ArrayBuffer", "Use [...new Uint8Array(buffer)], or a string."],
  ["Response", "Use await response.json()."],
  ["Headers", "Use Object.fromEntries(headers)."],
  ["URLSearchParams", "Use Object.fromEntries(parameters)."],
]);

function describeObject(object: Instance): Description {
  const type = Object.prototype.toString.call(object).slice(8, -1);
  const name = typeof object.then === "function" ? "Promise" : truncate(type);
  const other = ArrayBuffer.isView(object)
    ? "Use [...bytes], or a string."
    : "Convert it to a plain object.";
  return {
    kind: `${/^[AEIO]/.test(name) ? "an" : "a"} ${escapeControls(name)}`,
    remedy: REMEDIES.get(name) ?? other,
  };
}
