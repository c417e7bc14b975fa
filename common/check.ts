/**
 * The checks of options and arguments, and the errors for values that the caller passed.
 *
 * The check of an option has the parameters subject ("Cannot serve"), name and value. It
 * accepts `undefined`, because an option can be omitted, and returns the value, so that
 * the caller can check and use it in one expression. `checkKeys` checks the names of
 * options and returns nothing. `checkToken` rejects `undefined`.
 *
 * @example
 * ```ts
 * import { checkKeys, checkNumber, DURATION } from "./check.ts";
 * import assert from "node:assert/strict";
 *
 * const KNOWN = { timeout: true } as const;
 * const options = { timout: 5 };
 * assert.throws(
 *   () => checkKeys("Cannot connect", options, KNOWN),
 *   /unknown option 'timout'\. Did you mean 'timeout'\?$/,
 * );
 * assert.equal(checkNumber("Cannot connect", "timeout", 5, DURATION), 5);
 * ```
 *
 * @module
 */

import { quoteName, showValue, suggestName } from "./text.ts";

/** What could not be done, such as `Cannot serve`; a function if it has to be built. */
export type Subject = string | (() => string);

/** The longest delay of a timer, in milliseconds. A longer delay fires at once. */
export const MAX_TIMEOUT = 2 ** 31 - 1;

/** The values that a number can have. */
export interface NumberRange {
  /** The minimum value */
  readonly min: number;
  /** The maximum value; there is none if omitted */
  readonly max?: number;
  /** Whether fractions are rejected */
  readonly integer?: boolean;
  /** The unit in the plural, such as `milliseconds` */
  readonly unit?: string;
  /** Whether `Infinity` is allowed beside the range */
  readonly infinity?: boolean;
}

/** A duration that a timer can wait for, in milliseconds. */
export const DURATION: NumberRange = {
  min: 0,
  max: MAX_TIMEOUT,
  unit: "milliseconds",
};

/** A {@linkcode DURATION}, or `Infinity` for no limit. */
export const TIMEOUT: NumberRange = { ...DURATION, infinity: true };

/** The names of options, as the keys of an object. */
export type KnownKeys = Readonly<Record<string, unknown>>;

/**
 * Checks that an object has no unknown options.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param options The options, as the caller passed them
 * @param known An object that has one key for each option that exists
 * @param parent The option that holds these, such as `limits`; none if omitted
 *
 * @throws {TypeError} If the options are no object, or one of them is unknown
 */
export function checkKeys(
  subject: Subject,
  options: object | undefined,
  known: KnownKeys,
  parent?: string,
): void {
  if (options === undefined) return;
  if (!isObject(options)) {
    const what = parent === undefined ? "the options" : quoteName(parent);
    throw invalidType(subject, what, "an object", options);
  }
  // A loop without an array: calls have options, too, and there are many calls.
  for (const name in options) {
    if (Object.hasOwn(known, name) || !Object.hasOwn(options, name)) continue;
    throw new TypeError(describeUnknown(subject, name, known, parent));
  }
}

/**
 * Checks a number.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param name The name of the option
 * @param value The value of the option
 * @param range The values that it can have
 * @returns The value
 *
 * @throws {TypeError} If the value is not a number
 * @throws {RangeError} If the value is `NaN`, a fraction that the range rejects, or
 * outside of the range
 */
export function checkNumber<Value extends number | undefined>(
  subject: Subject,
  name: string,
  value: Value,
  range: NumberRange,
): Value {
  if (value === undefined || isInRange(value, range)) return value;
  const needed = describeRange(range);
  throw typeof value === "number"
    ? outOfRange(subject, quoteName(name), needed, value)
    : invalidType(subject, quoteName(name), needed, value);
}

function isInRange(
  value: unknown,
  { min, max = Infinity, integer = false, infinity = false }: NumberRange,
): boolean {
  if (value === Infinity) return infinity;
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    return false;
  }
  return !integer || Number.isSafeInteger(value);
}

function describeRange(
  { min, max, integer = false, unit, infinity = false }: NumberRange,
): string {
  const kind = integer ? "a whole number" : "a number";
  const counted = unit === undefined ? kind : `${kind} of ${unit}`;
  const bounds = max === undefined
    ? `of at least ${min}`
    : `from ${min} to ${max}`;
  return `${counted} ${bounds}${infinity ? ", or Infinity" : ""}`;
}

/**
 * Checks a string.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param name The name of the option
 * @param value The value of the option
 * @returns The value
 *
 * @throws {TypeError} If the value is not a string, or if it is empty
 */
export function checkString<Value extends string | undefined>(
  subject: Subject,
  name: string,
  value: Value,
): Value {
  if (value === undefined || isNonEmpty(value)) return value;
  throw invalidType(subject, quoteName(name), "a non-empty string", value);
}

/**
 * Checks a token. The error never shows the value.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param what What the error calls the token, such as `the token`
 * @param token The token
 * @param remedy What to do, as a sentence
 *
 * @throws {TypeError} If the token is not a string, or if it is empty
 */
export function checkToken(
  subject: Subject,
  what: string,
  token: unknown,
  remedy: string,
): asserts token is string {
  if (isNonEmpty(token)) return;
  throw new TypeError(
    `${textOf(subject)}: ${what} must be a non-empty string. ${remedy}`,
  );
}

/**
 * Checks that a value is `true` or `false`.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param name The name of the option
 * @param value The value of the option
 * @returns The value
 *
 * @throws {TypeError} If the value is not a boolean
 */
export function checkBoolean<Value extends boolean | undefined>(
  subject: Subject,
  name: string,
  value: Value,
): Value {
  if (value === undefined || typeof value === "boolean") return value;
  throw invalidType(subject, quoteName(name), "true or false", value);
}

/**
 * Checks that a value is a function.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param name The name of the option
 * @param value The value of the option
 * @returns The value
 *
 * @throws {TypeError} If the value is not a function
 */
export function checkFunction<Value>(
  subject: Subject,
  name: string,
  value: Value,
): Value {
  if (value === undefined || typeof value === "function") return value;
  throw invalidType(subject, quoteName(name), "a function", value);
}

/**
 * Checks that a value is an object, and neither `null` nor an array.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param name The name of the option
 * @param value The value of the option
 * @returns The value
 *
 * @throws {TypeError} If the value is not an object
 */
export function checkObject<Value>(
  subject: Subject,
  name: string,
  value: Value,
): Value {
  if (value === undefined || isObject(value)) return value;
  throw invalidType(subject, quoteName(name), "an object", value);
}

/**
 * Checks that a value is an `AbortSignal`, of this or another implementation.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param name The name of the option
 * @param value The value of the option
 * @returns The value
 *
 * @throws {TypeError} If the value is not an `AbortSignal`
 */
export function checkSignal<Value extends AbortSignal | undefined>(
  subject: Subject,
  name: string,
  value: Value,
): Value {
  if (value === undefined || isSignal(value)) return value;
  throw invalidType(subject, quoteName(name), "an AbortSignal", value);
}

/**
 * Checks that a value is an array.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param name The name of the option
 * @param value The value of the option
 * @param of What the array contains, in the plural, such as `origins`
 * @returns The value
 *
 * @throws {TypeError} If the value is not an array
 */
export function checkArray<Value extends readonly unknown[] | undefined>(
  subject: Subject,
  name: string,
  value: Value,
  of: string,
): Value {
  if (value === undefined || Array.isArray(value)) return value;
  throw invalidType(subject, quoteName(name), `an array of ${of}`, value);
}

/**
 * Checks that a value is one of a few strings.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param name The name of the option
 * @param value The value of the option
 * @param allowed The strings that it can be
 * @returns The value
 *
 * @throws {TypeError} If the value is none of them
 */
export function checkOneOf<Value extends string | undefined>(
  subject: Subject,
  name: string,
  value: Value,
  allowed: readonly string[],
): Value {
  if (value === undefined || allowed.includes(value)) return value;
  const needed = allowed.map((each) => JSON.stringify(each)).join(" or ");
  throw invalidType(subject, quoteName(name), needed, value);
}

/**
 * Makes the error for a value of the wrong type.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param what What has the value, such as `'port'` or `the listener`
 * @param needed What the value must be, such as `a function`
 * @param value The value
 * @param hint What else can help, with a space before it
 * @returns `Cannot serve: 'port' must be a number. It is "5000".`
 */
export function invalidType(
  subject: Subject,
  what: string,
  needed: string,
  value: unknown,
  hint = "",
): TypeError {
  return new TypeError(describeInvalid(subject, what, needed, value) + hint);
}

/**
 * Makes the error for a value of the right type that is outside of its range.
 *
 * @param subject What could not be done, such as `Cannot serve`
 * @param what What has the value, such as `'port'`
 * @param needed What the value must be, such as `a number from 0 to 5`
 * @param value The value
 * @returns `Cannot serve: 'port' must be a number from 0 to 5. It is 6.`
 */
export function outOfRange(
  subject: Subject,
  what: string,
  needed: string,
  value: unknown,
): RangeError {
  return new RangeError(describeInvalid(subject, what, needed, value));
}

function describeInvalid(
  subject: Subject,
  what: string,
  needed: string,
  value: unknown,
): string {
  const verb = what.endsWith("options") ? "They are" : "It is";
  return `${textOf(subject)}: ${what} must be ${needed}. ${verb} ${
    showValue(value)
  }.`;
}

/** The names of options in Python Hoist, and the names of the same options here. */
const PYTHON_NAMES: ReadonlyMap<string, string> = new Map([
  ["login_func", "login"],
  ["minimum_version", "minimumVersion"],
  ["default_token_len", "tokenLength"],
  ["default_token_choices", "tokenAlphabet"],
  ["hide_token", "hideToken"],
  ["log_level", "logLevel"],
  ["enable_uvicorn", "http"],
]);

function describeUnknown(
  subject: Subject,
  name: string,
  known: KnownKeys,
  parent: string | undefined,
): string {
  const place = parent === undefined ? "" : ` in ${quoteName(parent)}`;
  return `${textOf(subject)}: unknown option ${quoteName(name)}${place}. ${
    remedyFor(name, known)
  }`;
}

function remedyFor(name: string, known: KnownKeys): string {
  const ours = PYTHON_NAMES.get(name);
  if (ours !== undefined && Object.hasOwn(known, ours)) {
    return `This package calls it '${ours}'.`;
  }
  // Only `debug` has this option, and Python passes it to the server as well.
  if (ours === "http") return "Call debug({ http: true }) instead.";
  return suggestName(name, Object.keys(known), "options");
}

function textOf(subject: Subject): string {
  return typeof subject === "string" ? subject : subject();
}

function isNonEmpty(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSignal(value: object): boolean {
  return typeof value === "object" && value !== null && "aborted" in value &&
    "addEventListener" in value;
}
