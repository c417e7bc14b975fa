/**
 * Finds the values that `JSON.stringify` changes without an error, such as a `Map`, which
 * becomes `{}`, and `NaN`, which becomes `null`.
 *
 * @module
 */

import { escapeControls, formatPath, truncate } from "./text.ts";

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
  // The method can hide a cycle, so that no key may be read before.
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
